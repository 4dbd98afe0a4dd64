import { IPv6 } from 'ipaddr.js';

/** An IPv6 address in the canonical spelling of RFC 5952: `2001:db8::1`, lower case, without a zone. */
export type Ipv6Address = string & { readonly __brand: 'Ipv6Address' };

/** An IPv6 address with a prefix length. The address is kept as given: it may be a host inside the network. */
export interface Ipv6Cidr {
  readonly address: Ipv6Address;
  readonly prefixLength: number;
}

const BITS = 128;

/** Reports whether `text` is an IPv6 address in canonical spelling; `parseIpv6` takes every other spelling. */
export function isIpv6(text: string): text is Ipv6Address {
  return isAnySpelling(text) && canonical(text) === text;
}

/** The address in `text`, in canonical spelling. Throws `RangeError` naming the text when it is none. */
export function parseIpv6(text: string): Ipv6Address {
  if (!isAnySpelling(text)) throw new RangeError(`"${text}" is not an IPv6 address`);
  return canonical(text) as Ipv6Address;
}

/** `address/len` with 0 ≤ len ≤ 128. Throws `RangeError` naming the text. */
export function parseIpv6Cidr(text: string): Ipv6Cidr {
  const [address, length, ...rest] = text.split('/');
  const prefixLength = Number(length);
  if (address === undefined || length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length))
    throw new RangeError(`"${text}" is not an IPv6 CIDR`);
  if (prefixLength > BITS || !isAnySpelling(address)) throw new RangeError(`"${text}" is not an IPv6 CIDR`);
  return { address: parseIpv6(address), prefixLength };
}

/** The address as an unsigned 128-bit number. */
export function ipv6ToBigInt(address: Ipv6Address): bigint {
  return IPv6.parse(address).parts.reduce((value, part) => (value << 16n) | BigInt(part), 0n);
}

/** The address of an unsigned 128-bit number. */
export function ipv6FromBigInt(value: bigint): Ipv6Address {
  const parts = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(16 * (7 - index))) & 0xffffn));
  return new IPv6(parts).toRFC5952String() as Ipv6Address;
}

/** The same network with its host bits cleared: `2001:db8::7/64` gives `2001:db8::/64`. */
export function ipv6NetworkOf(cidr: Ipv6Cidr): Ipv6Cidr {
  const host = BigInt(BITS - cidr.prefixLength);
  return { address: ipv6FromBigInt((ipv6ToBigInt(cidr.address) >> host) << host), prefixLength: cidr.prefixLength };
}

/** Reports whether the network holds the address. */
export function ipv6CidrContains(cidr: Ipv6Cidr, address: Ipv6Address): boolean {
  const host = BigInt(BITS - cidr.prefixLength);
  return ipv6ToBigInt(address) >> host === ipv6ToBigInt(cidr.address) >> host;
}

function isAnySpelling(text: string): boolean {
  return !text.includes('%') && IPv6.isValid(text);
}

function canonical(text: string): string {
  return IPv6.parse(text).toRFC5952String();
}
