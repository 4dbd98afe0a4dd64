import { type Ipv4Address, type Ipv4Cidr, parseIpv4, parseIpv4Cidr } from './parse.ts';
import { type Ipv6Address, type Ipv6Cidr, parseIpv6, parseIpv6Cidr } from './parse-ipv6.ts';

/** An address of either family, in canonical spelling. */
export type IpAddress = Ipv4Address | Ipv6Address;

/** A network, or a host inside one, of either family. */
export type IpCidr = Ipv4Cidr | Ipv6Cidr;

/** The two families of addresses. */
export type IpFamily = 'ipv4' | 'ipv6';

/** Both families. */
export const IP_FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6'];

const ANYWHERE = { ipv4: parseIpv4Cidr('0.0.0.0/0'), ipv6: parseIpv6Cidr('::/0') } as const;
const LINK_LOCAL = /^fe[89ab]/;

/** Reports whether the address is one of IPv6: every spelling of those has a colon, and no other has. */
export function isIpv6Address(address: IpAddress): address is Ipv6Address {
  return address.includes(':');
}

/** The family of an address. */
export function familyOf(address: IpAddress): IpFamily {
  return isIpv6Address(address) ? 'ipv6' : 'ipv4';
}

/** Reports whether the network is one of IPv6. */
export function isIpv6Cidr(cidr: IpCidr): cidr is Ipv6Cidr {
  return isIpv6Address(cidr.address);
}

/** Every address of a family: the destination of its default route. */
export function anywhere(family: IpFamily): IpCidr {
  return ANYWHERE[family];
}

/** The address in `text`, of either family. Throws `RangeError` naming the text when it is none. */
export function parseIp(text: string): IpAddress {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The network in `text`, of either family. Throws `RangeError` naming the text when it is none. */
export function parseCidr(text: string): IpCidr {
  return text.includes(':') ? parseIpv6Cidr(text) : parseIpv4Cidr(text);
}

/** Reports whether the network is one address: /32, or /128 of IPv6. */
export function isHostCidr(cidr: IpCidr): boolean {
  return cidr.prefixLength === (isIpv6Address(cidr.address) ? 128 : 32);
}

/** Reports whether the address is one that a link gives itself (fe80::/10, RFC 4291). */
export function isLinkLocal(address: IpAddress): boolean {
  return LINK_LOCAL.test(address);
}
