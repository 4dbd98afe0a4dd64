import type { MacAddress } from '../addr/index.ts';
import type { Link } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Netns, Timers } from '../sys/index.ts';
import type { RouteSocket } from './netlink/socket.ts';
import { findLinkByMac, listLinks } from './observe.ts';
import { type NetworkEvent, watchNetwork } from './watch-network.ts';

/** The safety net for an event that was lost: the kernel drops them when nobody reads for long. */
const LOOK_AGAIN_MS = 500;

/**
 * The link with this MAC, once it is there: the kernel tells of each new one. `netns` is that of the socket, unless it is
 * the calling thread's. Throws `LINK_MISSING` naming the MACs seen when the deadline passes.
 */
export async function waitForLink(request: {
  readonly socket: RouteSocket;
  readonly netns?: Netns;
  readonly mac: MacAddress;
  readonly clock: Timers;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<Link> {
  const { socket, mac, clock, signal } = request;
  const end = clock.monotonic() + request.timeoutMs;
  const found = new AbortController();
  let pause = Promise.withResolvers<void>();
  const wake = (): void => pause.resolve();
  signal.addEventListener('abort', wake, { signal: found.signal });
  try {
    hear({ ...(request.netns === undefined ? {} : { netns: request.netns }), mac, signal: found.signal, wake });
    for (;;) {
      // Before the look: an event that comes during it is not missed.
      pause = Promise.withResolvers<void>();
      const link = findLinkByMac(socket, mac);
      if (link !== undefined) return link;
      const leftMs = end - clock.monotonic();
      if (leftMs <= 0) {
        const seen = listLinks(socket).map((other) => `${other.name} ${other.mac ?? ''}`.trim());
        throw new HostError('LINK_MISSING', { mac, seen: seen.join(', ') });
      }
      const cancel = clock.after(Math.min(LOOK_AGAIN_MS, leftMs), wake);
      await pause.promise;
      cancel();
      signal.throwIfAborted();
    }
  } finally {
    found.abort();
  }
}

/**
 * Calls `wake` when this link comes or changes: a look lists all links, and those of pods that come meanwhile are no reason
 * for one. Where there are no events the looks now and then must do.
 */
function hear(request: {
  readonly netns?: Netns;
  readonly mac: MacAddress;
  readonly signal: AbortSignal;
  readonly wake: () => void;
}): void {
  const { mac, wake, ...where } = request;
  const concerns = (event: NetworkEvent): boolean =>
    event.kind === 'unclear' || (event.kind === 'link' && event.mac === mac);
  const tell = (events: readonly NetworkEvent[]): void => {
    if (events.some(concerns)) wake();
  };
  try {
    watchNetwork({ ...where, tell, ended: () => undefined });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}
