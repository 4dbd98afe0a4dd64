import { IPv4 } from 'ipaddr.js';

/** An IPv4 address in dotted-decimal canonical form. */
export type Ipv4Address = string & { readonly __brand: 'Ipv4Address' };

/** A MAC address: six lower-case hex pairs joined by colons. */
export type MacAddress = string & { readonly __brand: 'MacAddress' };

/** An address with a prefix length. The address is kept as given: it may be a host inside the network. */
export interface Ipv4Cidr {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
}

/** Reports whether `text` is four decimal octets; forms such as `10.1` or `0x0a000001` are not addresses here. */
export function isIpv4(text: string): text is Ipv4Address {
  return IPv4.isValidFourPartDecimal(text);
}

/** The address in `text`. Throws `RangeError` naming the text when it is none. */
export function parseIpv4(text: string): Ipv4Address {
  if (!isIpv4(text)) throw new RangeError(`"${text}" is not an IPv4 address`);
  return text;
}

/** `a.b.c.d/len` with 0 ≤ len ≤ 32. Throws `RangeError` naming the text. */
export function parseIpv4Cidr(text: string): Ipv4Cidr {
  const [address, length, ...rest] = text.split('/');
  const prefixLength = Number(length);
  if (
    address === undefined ||
    length === undefined ||
    rest.length > 0 ||
    !/^\d{1,2}$/.test(length) ||
    prefixLength > 32
  )
    throw new RangeError(`"${text}" is not an IPv4 CIDR`);
  return { address: parseIpv4(address), prefixLength };
}

/** Reports whether `text` is a MAC address in our canonical form. */
export function isMac(text: string): text is MacAddress {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text);
}

/** The MAC in `text`, lower-cased. Throws `RangeError` naming the text. */
export function parseMac(text: string): MacAddress {
  const lower = text.toLowerCase();
  if (!isMac(lower)) throw new RangeError(`"${text}" is not a MAC address`);
  return lower;
}

/** The address as an unsigned 32-bit number. */
export function ipv4ToNumber(address: Ipv4Address): number {
  let value = 0;
  for (const octet of address.split('.')) value = value * 256 + Number(octet);
  return value;
}

/** The address of an unsigned 32-bit number. */
export function ipv4FromNumber(value: number): Ipv4Address {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Ipv4Address;
}
