import {
  cidrContains,
  formatCidr,
  type Ipv4Cidr,
  type Ipv6Cidr,
  ipv6CidrContains,
  ipv6FromBigInt,
  ipv6NetworkOf,
  ipv6ToBigInt,
  networkOf,
  parseIpv4Cidr,
  parseIpv6,
} from '../../addr/index.ts';
import { SimFault } from './fault.ts';
import { needSubnet, type VpcState } from './state.ts';
import type { CidrAssociation, SimSubnet } from './types.ts';

/** Part of the space EC2 gives VPCs their blocks from. */
const AMAZON_IPV6 = ipv6ToBigInt(parseIpv6('2600:1f00::'));
/** The private ranges of RFC 1918, of which a VPC may only have blocks of its primary one's. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(parseIpv4Cidr);
const VPC_LENGTH = 56;
const SUBNET_LENGTH = 64;

/** Whether `outer` holds all of `inner`. */
export function holdsCidr(outer: Ipv4Cidr, inner: Ipv4Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && cidrContains(outer, inner.address);
}

/** Whether two networks have an address in common. */
export function overlaps(one: Ipv4Cidr, other: Ipv4Cidr): boolean {
  return holdsCidr(one, other) || holdsCidr(other, one);
}

/** Whether `outer` holds all of `inner`. */
export function holdsCidr6(outer: Ipv6Cidr, inner: Ipv6Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && ipv6CidrContains(outer, inner.address);
}

/** Tells the families apart. */
export function isIpv4Cidr(cidr: CidrAssociation['cidr']): cidr is Ipv4Cidr {
  return !cidr.address.includes(':');
}

/** The VPC's IPv4 networks, the primary one first. */
export function ipv4Cidrs(state: VpcState): readonly Ipv4Cidr[] {
  return [...state.cidrs.values()].map(({ cidr }) => cidr).filter(isIpv4Cidr);
}

/** Gives the VPC one more network: this IPv4 one, or a /56 of Amazon's IPv6 space. */
export function associateCidr(
  state: VpcState,
  request: { readonly cidr: Ipv4Cidr } | { readonly ipv6: true },
): CidrAssociation {
  const association = 'cidr' in request ? ipv4Association(state, request.cidr) : ipv6Association(state);
  state.emit({ kind: 'vpc-changed' });
  return association;
}

/** Takes a network from the VPC that no subnet is in. The primary one stays. */
export function disassociateCidr(state: VpcState, associationId: string): CidrAssociation {
  const association = state.cidrs.get(associationId) ?? state.cidrs6.get(associationId);
  if (association === undefined)
    throw new SimFault(
      'InvalidVpcCidrBlockAssociationID.NotFound',
      `The vpc CIDR block association ID '${associationId}' does not exist`,
    );
  const { cidr } = association;
  const [primary] = state.cidrs.values();
  if (primary === association)
    throw new SimFault(
      'OperationNotPermitted',
      `The vpc CIDR block with association ID ${associationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    );
  for (const { subnet } of state.subnets.values()) {
    const used = isIpv4Cidr(cidr) ? holdsCidr(cidr, subnet.cidr) : subnet.ipv6 !== undefined && holds6(cidr, subnet);
    if (used) throw new SimFault('InvalidCidrBlock.InUse', `${formatCidr(cidr)} is in use by subnet '${subnet.id}'`);
  }
  state.cidrs.delete(associationId);
  state.cidrs6.delete(associationId);
  state.emit({ kind: 'vpc-changed' });
  return association;
}

/** Gives a subnet a /64 of the VPC's IPv6 space. */
export function associateSubnetCidr(
  state: VpcState,
  request: { readonly subnetId: string; readonly ipv6Cidr: Ipv6Cidr },
): CidrAssociation {
  const record = needSubnet(state, request.subnetId);
  if (record.subnet.ipv6 !== undefined)
    throw new SimFault('InvalidSubnet.Conflict', `Subnet '${record.subnet.id}' has an IPv6 CIDR block already`);
  const ipv6 = subnetAssociation(state, request.ipv6Cidr);
  record.subnet = { ...record.subnet, ipv6 };
  state.emit({ kind: 'vpc-changed' });
  return ipv6;
}

/** Takes the IPv6 block from a subnet in which nobody uses it. */
export function disassociateSubnetCidr(state: VpcState, associationId: string): CidrAssociation {
  const record = [...state.subnets.values()].find(({ subnet }) => subnet.ipv6?.id === associationId);
  const ipv6 = record?.subnet.ipv6;
  if (record === undefined || ipv6 === undefined)
    throw new SimFault(
      'InvalidSubnetCidrBlockAssociationID.NotFound',
      `The subnet CIDR block association ID '${associationId}' does not exist`,
    );
  const reserved = [...record.reservations.values()].some(({ cidr }) => !isIpv4Cidr(cidr));
  if (record.blocks6 > 0 || reserved)
    throw new SimFault('InvalidCidrBlock.InUse', `${formatCidr(ipv6.cidr)} is in use`);
  record.subnet = { ...record.subnet, ipv6: undefined, assignIpv6AddressOnCreation: false };
  state.emit({ kind: 'vpc-changed' });
  return ipv6;
}

/** The association a subnet gets for this IPv6 block, checked but not recorded. */
export function subnetAssociation(state: VpcState, wanted: Ipv6Cidr): CidrAssociation {
  const cidr = ipv6NetworkOf(wanted);
  const text = formatCidr(cidr);
  const blocks = [...state.cidrs6.values()].map((association) => association.cidr);
  if (cidr.prefixLength !== SUBNET_LENGTH || !blocks.some((block) => !isIpv4Cidr(block) && holdsCidr6(block, cidr)))
    throw new SimFault('InvalidSubnet.Range', `The CIDR '${text}' is no /64 of the IPv6 blocks of the VPC`);
  for (const { subnet } of state.subnets.values())
    if (subnet.ipv6?.cidr.address === cidr.address)
      throw new SimFault('InvalidSubnet.Conflict', `The CIDR '${text}' conflicts with subnet ${subnet.id}`);
  return { id: state.ids.next('subnet-cidr-assoc'), cidr };
}

function holds6(block: Ipv6Cidr, subnet: SimSubnet): boolean {
  const cidr = subnet.ipv6?.cidr;
  return cidr !== undefined && !isIpv4Cidr(cidr) && holdsCidr6(block, cidr);
}

function ipv4Association(state: VpcState, wanted: Ipv4Cidr): CidrAssociation {
  const cidr = networkOf(wanted);
  if (cidr.prefixLength < 16 || cidr.prefixLength > 28)
    throw new SimFault('InvalidVpc.Range', `The CIDR '${formatCidr(cidr)}' is invalid: it must be a /16 to a /28`);
  const blocks = ipv4Cidrs(state);
  if (inForeignRange(cidr, blocks[0]))
    throw new SimFault(
      'InvalidVpc.Range',
      `The CIDR '${formatCidr(cidr)}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or a publicly-routable CIDR`,
    );
  if (blocks.some((one) => overlaps(one, cidr)))
    throw new SimFault('CidrConflict', `The CIDR '${formatCidr(cidr)}' conflicts with another one of the VPC`);
  if (state.cidrs.size >= state.quotas.cidrs)
    throw new SimFault('CidrLimitExceeded', `This VPC has reached its limit of ${state.quotas.cidrs} IPv4 CIDR blocks`);
  const association = { id: state.ids.next('vpc-cidr-assoc'), cidr };
  state.cidrs.set(association.id, association);
  return association;
}

function inForeignRange(cidr: Ipv4Cidr, primary: Ipv4Cidr | undefined): boolean {
  const range = PRIVATE.find((one) => holdsCidr(one, cidr));
  return primary !== undefined && range !== undefined && !holdsCidr(range, primary);
}

function ipv6Association(state: VpcState): CidrAssociation {
  if (state.cidrs6.size >= state.quotas.cidrs)
    throw new SimFault('CidrLimitExceeded', `This VPC has reached its limit of ${state.quotas.cidrs} IPv6 CIDR blocks`);
  // The 32 bits below 2600:1f00::/24 that a /56 leaves free.
  const address = ipv6FromBigInt(AMAZON_IPV6 | ((state.ids.number64() & 0xffffffffn) << 72n));
  const association = { id: state.ids.next('vpc-cidr-assoc'), cidr: { address, prefixLength: VPC_LENGTH } };
  const taken = [...state.cidrs6.values()].some(({ cidr }) => cidr.address === address);
  if (taken) return ipv6Association(state);
  state.cidrs6.set(association.id, association);
  return association;
}
