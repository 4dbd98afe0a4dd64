import {
  addressAt,
  formatCidr,
  hostCidr,
  ipv6FromBigInt,
  ipv6NetworkOf,
  ipv6ToBigInt,
  isIpv4,
  networkOf,
  parseIpv4Cidr,
  parseIpv6Cidr,
} from '../../addr/index.ts';
import type { PodAddress, PoolCidr } from './types.ts';

/** Addresses of an IPv4 prefix (/28), the first and the last included: no subnet, just addresses of an ENI. */
export const PREFIX_ADDRESSES = 16;
const PREFIX_LENGTH = 28;
const IPV6_PREFIX_LENGTH = 80;

/** What a CIDR of an ENI is by its length: an address (/32), a prefix (/28) or an IPv6 prefix (/80). */
export function kindOfCidr(cidr: string): PoolCidr['kind'] {
  if (cidr.includes(':')) return 'ipv6-prefix';
  return cidr.endsWith('/32') ? 'address' : 'prefix';
}

/** Number of addresses in a CIDR of this kind. */
export function sizeOfKind(kind: PoolCidr['kind']): number {
  switch (kind) {
    case 'address':
      return 1;
    case 'prefix':
      return PREFIX_ADDRESSES;
    case 'ipv6-prefix':
      return 2 ** (128 - IPV6_PREFIX_LENGTH);
    default:
      return kind satisfies never;
  }
}

/** The keys of the CIDRs that can hold this address: its own, and the prefix around it. */
export function keysAround(address: PodAddress): readonly string[] {
  if (!isIpv4(address)) return [formatCidr(ipv6NetworkOf({ address, prefixLength: IPV6_PREFIX_LENGTH }))];
  return [formatCidr(hostCidr(address)), formatCidr(networkOf({ address, prefixLength: PREFIX_LENGTH }))];
}

/** The address `index` places above the base of a CIDR known by its key. */
export function addressIn(key: string, index: number): PodAddress {
  if (!key.includes(':')) return addressAt(parseIpv4Cidr(key), index);
  return ipv6FromBigInt(ipv6ToBigInt(parseIpv6Cidr(key).address) + BigInt(index));
}

/** How many places above the base of its CIDR an IPv6 address is. */
export function indexIn(key: string, address: PodAddress): number {
  if (isIpv4(address)) return 0;
  return Number(ipv6ToBigInt(address) - ipv6ToBigInt(parseIpv6Cidr(key).address));
}
