import {
  type Ipv4Address,
  type Ipv6Address,
  ipv4FromNumber,
  ipv4ToNumber,
  ipv6NetworkOf,
  isIpv4,
  isIpv6,
} from '../../addr/index.ts';
import { ShardedMap } from './sharded-map.ts';

/** EC2 gives out IPv6 prefixes of this length, aligned. */
export const PREFIX6_LENGTH = 80;

/** The /28 around an address, by its first address. */
export function blockOf(address: Ipv4Address): Ipv4Address {
  return ipv4FromNumber(ipv4ToNumber(address) & ~15);
}

/** The /80 around an address, by its first address. */
export function block6Of(address: Ipv6Address): Ipv6Address {
  return ipv6NetworkOf({ address, prefixLength: PREFIX6_LENGTH }).address;
}

/** Addresses of an ENI; prefixes by their first one. */
export interface Held {
  readonly singles: readonly (Ipv4Address | Ipv6Address)[];
  readonly prefixes: readonly (Ipv4Address | Ipv6Address)[];
}

/** Which ENI holds an address: as its own, or inside one of its prefixes. */
export class Holders {
  readonly #bySingle = new ShardedMap<string>();
  readonly #byPrefix = new ShardedMap<string>();
  /** Single IPv6 addresses in a /80: a prefix must not cover them. */
  readonly #singles6 = new ShardedMap<number>();

  /** Nobody holds these any more. */
  forget(held: Held): void {
    for (const address of held.singles) {
      this.#bySingle.delete(address);
      if (isV6(address)) this.#count6(block6Of(address), -1);
    }
    for (const first of held.prefixes) this.#byPrefix.delete(first);
  }
  /** The ENI holds these from now on. */
  learn(held: Held, eniId: string): void {
    for (const address of held.singles) {
      this.#bySingle.set(address, eniId);
      if (isV6(address)) this.#count6(block6Of(address), 1);
    }
    for (const first of held.prefixes) this.#byPrefix.set(first, eniId);
  }

  /** The id of the ENI that has the address itself. */
  ofAddress(address: Ipv4Address | Ipv6Address): string | undefined {
    return this.#bySingle.get(address);
  }
  /** The id of the ENI that the VPC delivers packets for this address to. */
  find(address: string): string | undefined {
    const own = this.#bySingle.get(address);
    if (own !== undefined) return own;
    if (isIpv4(address)) return this.#byPrefix.get(blockOf(address));
    return isIpv6(address) ? this.#byPrefix.get(block6Of(address)) : undefined;
  }
  /** Whether a single address or a prefix lies in the /80 that starts here. */
  isBlock6Used(first: Ipv6Address): boolean {
    return this.#byPrefix.has(first) || this.#singles6.has(first);
  }

  #count6(block: Ipv6Address, more: 1 | -1): void {
    const count = (this.#singles6.get(block) ?? 0) + more;
    if (count === 0) this.#singles6.delete(block);
    else this.#singles6.set(block, count);
  }
}

function isV6(address: Ipv4Address | Ipv6Address): address is Ipv6Address {
  return address.includes(':');
}
