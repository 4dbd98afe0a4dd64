import {
  type Ipv4Address,
  type Ipv6Address,
  ipv4FromNumber,
  ipv4ToNumber,
  ipv6NetworkOf,
  isIpv4,
  isIpv6,
} from '../../addr/index.ts';
import type { SimEni } from './types.ts';

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

/** Which ENI holds an address: as its own, or inside one of its prefixes. */
export class Holders {
  readonly #byAddress = new Map<string, string>();
  readonly #byPrefix = new Map<string, string>();
  /** Single IPv6 addresses in a /80: a prefix must not cover them. */
  readonly #singles6 = new Map<Ipv6Address, number>();

  /** Replaces what an ENI holds; `undefined` stands for one that is not there. */
  replace(before: SimEni | undefined, after: SimEni | undefined): void {
    if (before !== undefined) this.#forget(before, after);
    if (after !== undefined) this.#learn(after, before);
  }

  /** The id of the ENI that has the address itself. */
  ofAddress(address: Ipv4Address | Ipv6Address): string | undefined {
    return this.#byAddress.get(address);
  }
  /** The id of the ENI that has the prefix that starts here. */
  ofPrefix(first: Ipv4Address | Ipv6Address): string | undefined {
    return this.#byPrefix.get(first);
  }
  /** The id of the ENI that the VPC delivers packets for this address to. */
  find(address: string): string | undefined {
    const own = this.#byAddress.get(address);
    if (own !== undefined) return own;
    if (isIpv4(address)) return this.#byPrefix.get(blockOf(address));
    return isIpv6(address) ? this.#byPrefix.get(block6Of(address)) : undefined;
  }
  /** Whether a single address or a prefix lies in the /80 that starts here. */
  isBlock6Used(first: Ipv6Address): boolean {
    return this.#byPrefix.has(first) || this.#singles6.has(first);
  }

  #forget(eni: SimEni, next: SimEni | undefined): void {
    if (eni.addresses !== next?.addresses) for (const address of eni.addresses) this.#byAddress.delete(address);
    if (eni.prefixes !== next?.prefixes) for (const { address } of eni.prefixes) this.#byPrefix.delete(address);
    if (eni.ipv6Prefixes !== next?.ipv6Prefixes)
      for (const { address } of eni.ipv6Prefixes) this.#byPrefix.delete(address);
    if (eni.ipv6Addresses !== next?.ipv6Addresses)
      for (const address of eni.ipv6Addresses) {
        this.#byAddress.delete(address);
        this.#count6(block6Of(address), -1);
      }
  }

  #learn(eni: SimEni, last: SimEni | undefined): void {
    if (eni.addresses !== last?.addresses) for (const address of eni.addresses) this.#byAddress.set(address, eni.id);
    if (eni.prefixes !== last?.prefixes) for (const { address } of eni.prefixes) this.#byPrefix.set(address, eni.id);
    if (eni.ipv6Prefixes !== last?.ipv6Prefixes)
      for (const { address } of eni.ipv6Prefixes) this.#byPrefix.set(address, eni.id);
    if (eni.ipv6Addresses !== last?.ipv6Addresses)
      for (const address of eni.ipv6Addresses) {
        this.#byAddress.set(address, eni.id);
        this.#count6(block6Of(address), 1);
      }
  }

  #count6(block: Ipv6Address, more: number): void {
    const count = (this.#singles6.get(block) ?? 0) + more;
    if (count === 0) this.#singles6.delete(block);
    else this.#singles6.set(block, count);
  }
}
