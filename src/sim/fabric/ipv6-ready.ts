import { readFileSync } from 'node:fs';
import { type Ipv6Address, ipv6ToBigInt } from '../../addr/index.ts';
import { inNetns, openNetns, systemClock } from '../../sys/index.ts';
import { netnsPath } from './names.ts';

/** An IPv6 address on a link of a network namespace. */
export interface LinkAddress {
  readonly netns: string;
  readonly link: string;
  readonly address: Ipv6Address;
}

const DEADLINE_MS = 2_000;
const LOOK_AGAIN_MS = 1;
const RTF_LOCAL = 0x8000_0000;

/**
 * Waits until packets to the addresses are received. The kernel adds the local route of an IPv6 address some time after
 * the address (net/ipv6/addrconf.c, `addrconf_dad_work`), also without a probe for duplicates; until then it drops them.
 * What is not there at the deadline comes later, as on a slow guest.
 */
export async function untilReceived(addresses: readonly LinkAddress[]): Promise<void> {
  const deadline = systemClock.monotonic() + DEADLINE_MS;
  for (const wanted of addresses)
    while (!localRoutes(wanted.netns).has(routeKey(wanted)) && systemClock.monotonic() < deadline)
      await systemClock.sleep(LOOK_AGAIN_MS);
}

/** The local routes in a text as `/proc/net/ipv6_route` has it, each as 32 digits of its address and its link. */
export function parseLocalRoutes(text: string): ReadonlySet<string> {
  return new Set(
    text.split('\n').flatMap((line) => {
      const [address = '', length, , , , , , , flags = '', link = ''] = line.trim().split(/\s+/);
      return length === '80' && (Number.parseInt(flags, 16) & RTF_LOCAL) !== 0 ? [`${address} ${link}`] : [];
    }),
  );
}

/** What `parseLocalRoutes` calls the route of an address. */
export function routeKey({ address, link }: Omit<LinkAddress, 'netns'>): string {
  return `${ipv6ToBigInt(address).toString(16).padStart(32, '0')} ${link}`;
}

function localRoutes(netns: string): ReadonlySet<string> {
  using target = openNetns(netnsPath(netns));
  return parseLocalRoutes(inNetns(target, () => readFileSync('/proc/thread-self/net/ipv6_route', 'utf8')));
}
