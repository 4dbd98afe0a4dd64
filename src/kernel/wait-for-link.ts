import type { MacAddress } from '../addr/index.ts';
import type { Link } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Clock } from '../sys/index.ts';
import type { RouteSocket } from './netlink/socket.ts';
import { findLinkByMac, listLinks } from './observe.ts';

const LOOK_AGAIN_MS = 25;

/** The link with this MAC, once it is there. Throws `LINK_MISSING` naming the MACs seen when the deadline passes. */
export async function waitForLink(request: {
  readonly socket: RouteSocket;
  readonly mac: MacAddress;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<Link> {
  const { socket, mac, clock, signal } = request;
  const end = clock.monotonic() + request.timeoutMs;
  for (;;) {
    const link = findLinkByMac(socket, mac);
    if (link !== undefined) return link;
    if (clock.monotonic() >= end) {
      const seen = listLinks(socket).map((other) => `${other.name} ${other.mac ?? ''}`.trim());
      throw new HostError('LINK_MISSING', { mac, seen: seen.join(', ') });
    }
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}
