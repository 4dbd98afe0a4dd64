import { cidrContains, cidrSize, formatCidr, type Ipv4Cidr, networkOf } from '../../addr/index.ts';
import { SimFault } from './fault.ts';
import type { SubnetRecord, Tags, VpcState } from './state.ts';
import type { SimSubnet } from './types.ts';

/** The network, router, DNS and one future address at the bottom, and the broadcast address at the top. */
export const RESERVED = { first: 4, last: 1 } as const;

/** What a subnet is made from. */
export interface SubnetRequest {
  readonly cidr: Ipv4Cidr;
  readonly availabilityZone?: string;
  readonly tags?: Tags;
}

/** Adds a subnet. EC2 takes /16 to /28, inside the VPC, overlapping no other subnet. */
export function createSubnet(state: VpcState, request: SubnetRequest): SimSubnet {
  const cidr = networkOf(request.cidr);
  const text = formatCidr(cidr);
  const { prefixLength } = cidr;
  if (prefixLength < 16 || prefixLength > 28 || prefixLength < state.cidr.prefixLength || !inside(state.cidr, cidr))
    throw new SimFault('InvalidSubnet.Range', `The CIDR '${text}' is invalid for the VPC ${formatCidr(state.cidr)}`);
  for (const { subnet } of state.subnets.values())
    if (inside(subnet.cidr, cidr) || inside(cidr, subnet.cidr))
      throw new SimFault('InvalidSubnet.Conflict', `The CIDR '${text}' conflicts with subnet ${subnet.id}`);
  const subnet: SimSubnet = {
    id: state.ids.next('subnet'),
    cidr,
    availabilityZone: request.availabilityZone ?? `${state.region}a`,
    tags: request.tags ?? {},
  };
  state.subnets.set(subnet.id, { subnet, held: 0, cursor: RESERVED.first });
  return subnet;
}

/** Addresses EC2 would still hand out. */
export function availableAddresses(record: SubnetRecord): number {
  return cidrSize(record.subnet.cidr) - RESERVED.first - RESERVED.last - record.held;
}

function inside(outer: Ipv4Cidr, inner: Ipv4Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && cidrContains(outer, inner.address);
}
