import {
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Address,
  type MacAddress,
  parseIpv4,
  parseIpv4Cidr,
  parseIpv6,
  parseMac,
} from '../../addr/index.ts';

/** An address in the internet namespace that answers pings and, over HTTP, with the caller's source address (TEST-NET-2). */
export const INTERNET_ADDRESS: Ipv4Address = parseIpv4('198.51.100.1');

/** The same host by IPv6 (documentation range of RFC 3849). */
export const INTERNET_IPV6_ADDRESS: Ipv6Address = parseIpv6('2001:db8:198:51::1');

/** Where nodes reach the EC2 API, behind the internet gateway (TEST-NET-1). */
export const EC2_ADDRESS: Ipv4Address = parseIpv4('192.0.2.10');

/** The instance metadata service, at its address on EC2. */
export const IMDS_ADDRESS: Ipv4Address = parseIpv4('169.254.169.254');

/** The link between router and internet (TEST-NET-3; link-local addresses for IPv6). */
export const TRANSIT = {
  router: parseIpv4Cidr('203.0.113.1/30'),
  internet: parseIpv4Cidr('203.0.113.2/30'),
  routerIpv6: parseIpv6('fe80::1'),
  internetIpv6: parseIpv6('fe80::2'),
} as const satisfies Readonly<Record<string, Ipv4Cidr | Ipv6Address>>;

/** The router's link to the internet; no ENI port can have this name. */
export const INTERNET_LINK = 'internet';

/** Its other end. */
export const VPC_LINK = 'vpc';

/** The router has one MAC on every port, so that its link-local address is the same everywhere. */
export const ROUTER_MAC: MacAddress = parseMac('02:ec:20:00:00:01');

/** What a router advertisement would name as the default gateway. */
export const ROUTER_LINK_LOCAL: Ipv6Address = linkLocalOf(ROUTER_MAC);

/** The gateway that EKS gives to pods on branch ENIs and to secondary ENIs (Amazon VPC CNI, `pkg/networkutils`). */
export const ROUTER_WELL_KNOWN: Ipv6Address = parseIpv6('fe80:ec2::1');

/** Jumbo frames inside a VPC, 1500 bytes through an internet gateway (EC2 user guide, "Network MTU"). */
export const MTU = { vpc: 9001, internet: 1500 } as const;

/** The link-local address a guest derives from its MAC: modified EUI-64 (RFC 4291, appendix A). */
export function linkLocalOf(mac: MacAddress): Ipv6Address {
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const [first = 0, ...rest] = octets;
  const word = [first ^ 2, rest[0], rest[1], 0xff, 0xfe, rest[2], rest[3], rest[4]];
  const hex = word.map((octet) => (octet ?? 0).toString(16).padStart(2, '0')).join('');
  return parseIpv6(`fe80::${hex.match(/.{4}/g)?.join(':')}`);
}
