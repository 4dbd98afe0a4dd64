import { formatCidr, type Ipv4Cidr, type Ipv6Cidr, networkOf } from '../../addr/index.ts';
import { holdsCidr, ipv4Cidrs, overlaps, subnetAssociation } from './cidrs.ts';
import { SimFault } from './fault.ts';
import { SubnetSpace } from './space.ts';
import { needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import type { SimSubnet, Tags } from './types.ts';

/** What a subnet is made from. */
export interface SubnetRequest {
  readonly cidr: Ipv4Cidr;
  readonly availabilityZone?: string | undefined;
  /** A /64 of one of the VPC's IPv6 blocks. */
  readonly ipv6Cidr?: Ipv6Cidr | undefined;
  readonly mapPublicIpOnLaunch?: boolean | undefined;
  readonly assignIpv6AddressOnCreation?: boolean | undefined;
  readonly tags?: Tags | undefined;
}

/** Adds a subnet. EC2 takes /16 to /28, inside a network of the VPC, overlapping no other subnet. */
export function createSubnet(state: VpcState, request: SubnetRequest): SimSubnet {
  const cidr = networkOf(request.cidr);
  const text = formatCidr(cidr);
  const { prefixLength } = cidr;
  if (prefixLength < 16 || prefixLength > 28 || !ipv4Cidrs(state).some((one) => holdsCidr(one, cidr)))
    throw new SimFault('InvalidSubnet.Range', `The CIDR '${text}' is invalid for the VPC ${state.vpcId}`);
  for (const { subnet } of state.subnets.values())
    if (overlaps(subnet.cidr, cidr))
      throw new SimFault('InvalidSubnet.Conflict', `The CIDR '${text}' conflicts with subnet ${subnet.id}`);
  if (state.subnets.size >= state.quotas.subnets)
    throw new SimFault('SubnetLimitExceeded', `This VPC has reached its limit of ${state.quotas.subnets} subnets`);
  const availabilityZone = request.availabilityZone ?? `${state.region}a`;
  if (!/^[a-z]$/.test(availabilityZone.replace(state.region, '')))
    throw new SimFault(
      'InvalidParameterValue',
      `Value (${availabilityZone}) for parameter availabilityZone is invalid`,
    );
  const subnet: SimSubnet = {
    id: state.ids.next('subnet'),
    cidr,
    ipv6: request.ipv6Cidr === undefined ? undefined : subnetAssociation(state, request.ipv6Cidr),
    availabilityZone,
    mapPublicIpOnLaunch: request.mapPublicIpOnLaunch ?? false,
    assignIpv6AddressOnCreation: request.assignIpv6AddressOnCreation ?? false,
    tags: request.tags ?? {},
  };
  needIpv6ToAssign(subnet);
  const space = new SubnetSpace(cidr);
  const strangers = { fragments: [], fill: [] };
  state.subnets.set(subnet.id, { subnet, space, reservations: new Map(), blocks6: 0, strangers });
  state.emit({ kind: 'vpc-changed' });
  return subnet;
}

/** Deletes a subnet without ENIs; its reservations go with it. */
export function deleteSubnet(state: VpcState, id: string): void {
  const record = needSubnet(state, id);
  if (state.postings.find('subnet-id', id).size > 0)
    throw new SimFault('DependencyViolation', `The subnet '${id}' has dependencies and cannot be deleted.`);
  for (const reservation of record.reservations.keys()) state.subnetByReservation.delete(reservation);
  state.subnets.delete(id);
  state.emit({ kind: 'vpc-changed' });
}

/** Changes what new ENIs of a subnet get. */
export function modifySubnet(
  state: VpcState,
  id: string,
  change: {
    readonly mapPublicIpOnLaunch?: boolean | undefined;
    readonly assignIpv6AddressOnCreation?: boolean | undefined;
  },
): SimSubnet {
  const record = needSubnet(state, id);
  const { subnet } = record;
  const changed: SimSubnet = {
    ...subnet,
    mapPublicIpOnLaunch: change.mapPublicIpOnLaunch ?? subnet.mapPublicIpOnLaunch,
    assignIpv6AddressOnCreation: change.assignIpv6AddressOnCreation ?? subnet.assignIpv6AddressOnCreation,
  };
  needIpv6ToAssign(changed);
  record.subnet = changed;
  state.emit({ kind: 'vpc-changed' });
  return changed;
}

/** Occupies one address in every open /28, as the instances of strangers would, so that no prefix can be had. */
export function fragmentSubnet({ space, strangers }: SubnetRecord): void {
  const fresh = space.openBlockAddresses();
  for (const address of fresh) space.take(address);
  strangers.fragments = [...strangers.fragments, ...fresh];
}

/** Occupies every address that EC2 could pick, but the last `leave`. */
export function exhaustSubnet({ space, strangers }: SubnetRecord, leave: number): void {
  const fresh = space.pick(Math.max(0, space.open - leave));
  for (const address of fresh) space.take(address);
  strangers.fill = [...strangers.fill, ...fresh];
}

/** Frees what `fragmentSubnet` or `exhaustSubnet` occupied. */
export function releaseStrangers({ space, strangers }: SubnetRecord, which: 'fragments' | 'fill'): void {
  for (const address of strangers[which]) space.release(address);
  strangers[which] = [];
}

function needIpv6ToAssign(subnet: SimSubnet): void {
  if (subnet.assignIpv6AddressOnCreation && subnet.ipv6 === undefined)
    throw new SimFault('InvalidParameterValue', `Subnet '${subnet.id}' has no IPv6 CIDR block to assign from`);
}
