import { type Ipv4Address, type Ipv4Cidr, parseIpv4, parseIpv4Cidr } from '../../addr/index.ts';

/** An address in the internet namespace that answers pings and, over HTTP, with the caller's source address (TEST-NET-2). */
export const INTERNET_ADDRESS: Ipv4Address = parseIpv4('198.51.100.1');

/** Where nodes reach the EC2 API, behind the internet gateway (TEST-NET-1). */
export const EC2_ADDRESS: Ipv4Address = parseIpv4('192.0.2.10');

/** The instance metadata service, at its address on EC2. */
export const IMDS_ADDRESS: Ipv4Address = parseIpv4('169.254.169.254');

/** The link between router and internet (TEST-NET-3). */
export const TRANSIT: { readonly router: Ipv4Cidr; readonly internet: Ipv4Cidr } = {
  router: parseIpv4Cidr('203.0.113.1/30'),
  internet: parseIpv4Cidr('203.0.113.2/30'),
};

/** The router's link to the internet; no ENI port can have this name. */
export const INTERNET_LINK = 'internet';

/** Jumbo frames inside a VPC, 1500 bytes through an internet gateway (EC2 user guide, "Network MTU"). */
export const MTU = { vpc: 9001, internet: 1500 } as const;
