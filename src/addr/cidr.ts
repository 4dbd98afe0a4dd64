import { type IpAddress, type IpCidr, isIpv6Address, isIpv6Cidr } from './family.ts';
import { type Ipv4Address, type Ipv4Cidr, ipv4FromNumber, ipv4ToNumber } from './parse.ts';
import { type Ipv6Address, type Ipv6Cidr, ipv6NetworkOf } from './parse-ipv6.ts';

/** Number of addresses in the network. */
export function cidrSize(cidr: Ipv4Cidr): number {
  return 2 ** (32 - cidr.prefixLength);
}

/** The same network with its host bits cleared: `10.0.1.7/24` gives `10.0.1.0/24`. */
export function networkOf(cidr: Ipv4Cidr): Ipv4Cidr;
export function networkOf(cidr: IpCidr): IpCidr;
export function networkOf(cidr: IpCidr): IpCidr {
  if (isIpv6Cidr(cidr)) return ipv6NetworkOf(cidr);
  const size = cidrSize(cidr);
  const base = Math.floor(ipv4ToNumber(cidr.address) / size) * size;
  return { address: ipv4FromNumber(base), prefixLength: cidr.prefixLength };
}

/** Reports whether the network holds the address. */
export function cidrContains(cidr: Ipv4Cidr, address: Ipv4Address): boolean {
  const size = cidrSize(cidr);
  return Math.floor(ipv4ToNumber(address) / size) === Math.floor(ipv4ToNumber(cidr.address) / size);
}

/** The address `index` places above the base of the network. Throws `RangeError` outside it. */
export function addressAt(cidr: Ipv4Cidr, index: number): Ipv4Address {
  if (index < 0 || index >= cidrSize(cidr)) throw new RangeError(`${formatCidr(cidr)} has no address number ${index}`);
  return ipv4FromNumber(ipv4ToNumber(networkOf(cidr).address) + index);
}

/** The router of a VPC subnet: its base address plus one (Amazon VPC user guide, "Subnet sizing"). */
export function subnetGateway(subnet: Ipv4Cidr): Ipv4Address {
  return addressAt(subnet, 1);
}

/** The network of this single address, `/32` or `/128`. */
export function hostCidr(address: Ipv4Address): Ipv4Cidr;
export function hostCidr(address: Ipv6Address): Ipv6Cidr;
export function hostCidr(address: IpAddress): IpCidr;
export function hostCidr(address: IpAddress): IpCidr {
  return isIpv6Address(address) ? { address, prefixLength: 128 } : { address, prefixLength: 32 };
}

/** `address/prefixLength`. */
export function formatCidr(cidr: IpCidr): string {
  return `${cidr.address}/${cidr.prefixLength}`;
}
