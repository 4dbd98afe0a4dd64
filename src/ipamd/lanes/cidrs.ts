import {
  formatCidr,
  hostCidr,
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Cidr,
  parseIpv4Cidr,
  parseIpv6Cidr,
} from '../../addr/index.ts';
import type { EniDescription } from '../../aws/index.ts';
import { kindOfCidr } from '../../pool/index.ts';

/** The CIDRs of an ENI that pods can get addresses from: all it has but its primary address. */
export function cidrsOf(
  eni: Pick<EniDescription, 'addresses' | 'primaryAddress' | 'prefixes' | 'ipv6Prefixes'>,
): readonly string[] {
  return [
    ...eni.addresses
      .filter((address) => address !== eni.primaryAddress)
      .map((address) => formatCidr(hostCidr(address))),
    ...eni.prefixes.map(formatCidr),
    ...eni.ipv6Prefixes.map(formatCidr),
  ];
}

/** CIDRs of the pool as EC2 is to be told of them, by kind. */
export interface CidrsByKind {
  readonly addresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
}

/** The same CIDRs, each as the kind it is. */
export function byKind(cidrs: readonly string[]): CidrsByKind {
  const of = (kind: string): readonly string[] => cidrs.filter((cidr) => kindOfCidr(cidr) === kind);
  return {
    addresses: of('address').map((cidr) => parseIpv4Cidr(cidr).address),
    prefixes: of('prefix').map(parseIpv4Cidr),
    ipv6Prefixes: of('ipv6-prefix').map(parseIpv6Cidr),
  };
}
