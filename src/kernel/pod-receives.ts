import { familyOf, type IpAddress } from '../addr/index.ts';
import type { Clock, Netns } from '../sys/index.ts';
import { RTN_LOCAL } from './netlink/constants.ts';
import { getRoute } from './netlink/messages.ts';
import { RouteSocket } from './netlink/socket.ts';

const DEADLINE_MS = 1_000;
const LOOK_AGAIN_MS = 1;

/**
 * Waits until a pod receives packets to its IPv6 address: the kernel makes the local route of one some time after the
 * address (net/ipv6/addrconf.c, `addrconf_dad_work`), also when it does not probe for another owner, and drops packets
 * until then. What is not there at the deadline comes later, as on a busy host. An IPv4 address needs no waiting.
 */
export async function untilPodReceives(request: {
  readonly netns: Netns;
  readonly address: IpAddress;
  readonly clock: Clock;
}): Promise<void> {
  const { netns, address, clock } = request;
  if (familyOf(address) === 'ipv4') return;
  using socket = new RouteSocket(netns);
  const end = clock.monotonic() + DEADLINE_MS;
  while (!isLocal(socket, address) && clock.monotonic() < end) await clock.sleep(LOOK_AGAIN_MS);
}

function isLocal(socket: RouteSocket, address: IpAddress): boolean {
  return socket.get(getRoute(address))?.payload[7] === RTN_LOCAL;
}
