import { closeSocket, datagramsOf, inNetns, NETLINK_FAMILY, type Netns, openNetlinkEvents } from '../sys/index.ts';
import { GROUP, NFT } from './netlink/constants.ts';
import { type NetworkEvent, readChangedTables, readEvents } from './netlink/events.ts';

export type { NetworkEvent } from './netlink/events.ts';

const LINKS = GROUP.LINK | GROUP.IPV4_ADDRESS | GROUP.IPV6_ADDRESS;
const IPV4 = LINKS | GROUP.IPV4_ROUTE | GROUP.IPV4_RULE | GROUP.IPV4_NETCONF;
/** What can be told of: links with their addresses; also routes, rules and some sysctls of IPv4; also those of IPv6. */
const GROUPS = {
  links: LINKS,
  ipv4: IPV4,
  ipv6: IPV4 | GROUP.IPV6_ROUTE | GROUP.IPV6_RULE | GROUP.IPV6_NETCONF | GROUP.NEIGHBOUR,
} as const;

/** Where to listen, and who is told. */
interface Watch {
  /** Unless it is that of the calling thread. */
  readonly netns?: Netns;
  readonly signal: AbortSignal;
  /** Called when the subscription fails, after which nothing is told any more. */
  readonly ended: (error: unknown) => void;
}

/** Hands on what arrives at a socket, until the signal, and closes it. */
function follow({ netns, signal, ended }: Watch, open: () => number, hear: (received: Uint8Array) => void): void {
  const fd = netns === undefined ? open() : inNetns(netns, open);
  const reader = datagramsOf(fd).getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      hear(value);
    }
    if (!signal.aborted) throw new Error('the kernel ended the subscription');
  };
  read()
    .catch((error: unknown) => {
      if (!signal.aborted) ended(error);
    })
    .finally(() => {
      signal.removeEventListener('abort', stop);
      closeSocket(fd);
    });
}

/**
 * Tells of every change of the network in a namespace until the signal; costs nothing while nothing changes. Events only
 * say that it is time to look: some may be missing. Those of changes that the socket with number `own` asked for are left
 * out where the kernel says who asked, which it does of rules, routes and neighbours. Throws `NETLINK` when there is no
 * subscription.
 */
export function watchNetwork(
  request: Watch & {
    readonly of?: keyof typeof GROUPS;
    readonly own?: number;
    readonly tell: (events: readonly NetworkEvent[]) => void;
  },
): void {
  const { of = 'links', own, tell } = request;
  follow(
    request,
    () => openNetlinkEvents(NETLINK_FAMILY.ROUTE, GROUPS[of]),
    (received) => tell(readEvents(received, own)),
  );
}

/** Tells that something has changed in the nftables table of this name, of whatever family, or may have. Throws `NETLINK`. */
export function watchPacketRules(
  request: Watch & {
    readonly table: string;
    readonly tell: () => void;
  },
): void {
  const { table, tell } = request;
  follow(
    request,
    () => openNetlinkEvents(NETLINK_FAMILY.NETFILTER, NFT.GROUP),
    (received) => {
      const changed = readChangedTables(received);
      if (changed === undefined || changed.has(table)) tell();
    },
  );
}
