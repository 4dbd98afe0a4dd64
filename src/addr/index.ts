/** Addresses, CIDRs and MACs as values: parsed once at the border, canonical ever after. Pure. */

export {
  addressAt,
  cidrContains,
  cidrSize,
  formatCidr,
  hostCidr,
  networkOf,
  subnetGateway,
} from './cidr.ts';
export {
  anywhere,
  familyOf,
  IP_FAMILIES,
  type IpAddress,
  type IpCidr,
  type IpFamily,
  isHostCidr,
  isIpv6Address,
  isIpv6Cidr,
  isLinkLocal,
  parseCidr,
  parseIp,
} from './family.ts';
export {
  type Ipv4Address,
  type Ipv4Cidr,
  ipv4FromNumber,
  ipv4ToNumber,
  isIpv4,
  isMac,
  type MacAddress,
  parseIpv4,
  parseIpv4Cidr,
  parseMac,
} from './parse.ts';
export {
  type Ipv6Address,
  type Ipv6Cidr,
  ipv6CidrContains,
  ipv6FromBigInt,
  ipv6NetworkOf,
  ipv6ToBigInt,
  isIpv6,
  parseIpv6,
  parseIpv6Cidr,
} from './parse-ipv6.ts';
