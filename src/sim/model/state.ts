import type { Ipv4Address, Ipv4Cidr, MacAddress } from '../../addr/index.ts';
import { SimFault } from './fault.ts';
import type { IdSource } from './ids.ts';
import type { SimEni, SimEvent, SimInstance, SimSecurityGroup, SimSubnet } from './types.ts';

/** Tags of one object. */
export type Tags = Readonly<Record<string, string>>;

/** A subnet with the figures that change: addresses held, and where the search for a free one goes on. */
export interface SubnetRecord {
  subnet: SimSubnet;
  held: number;
  cursor: number;
}

/** Everything the simulated VPC knows. Values in the maps are never changed in place, only replaced. */
export interface VpcState {
  readonly vpcId: string;
  readonly cidr: Ipv4Cidr;
  readonly region: string;
  readonly ownerId: string;
  readonly defaultGroupId: string;
  readonly now: () => number;
  readonly ids: IdSource;
  readonly emit: (event: SimEvent) => void;
  vpcTags: Tags;
  readonly subnets: Map<string, SubnetRecord>;
  readonly groups: Map<string, SimSecurityGroup>;
  readonly instances: Map<string, SimInstance>;
  readonly enis: Map<string, SimEni>;
  readonly eniByMac: Map<MacAddress, string>;
  readonly eniByAddress: Map<Ipv4Address, string>;
  readonly eniByAttachment: Map<string, string>;
  readonly enisByInstance: Map<string, Set<string>>;
  readonly eniByToken: Map<string, { readonly eniId: string; readonly request: string }>;
  readonly tokenByEni: Map<string, string>;
}

/** The subnet, or EC2's complaint. */
export function needSubnet(state: VpcState, id: string): SubnetRecord {
  const record = state.subnets.get(id);
  if (record === undefined) throw new SimFault('InvalidSubnetID.NotFound', `The subnet ID '${id}' does not exist`);
  return record;
}

/** The instance, or EC2's complaint. */
export function needInstance(state: VpcState, id: string): SimInstance {
  const instance = state.instances.get(id);
  if (instance === undefined)
    throw new SimFault('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  return instance;
}

/** The ENI, or EC2's complaint. */
export function needEni(state: VpcState, id: string): SimEni {
  const eni = state.enis.get(id);
  if (eni === undefined)
    throw new SimFault('InvalidNetworkInterfaceID.NotFound', `The network interface '${id}' does not exist`);
  return eni;
}

/** The ids themselves when every group exists, or EC2's complaint about the first that does not. */
export function needGroups(state: VpcState, ids: readonly string[]): readonly string[] {
  const missing = ids.find((id) => !state.groups.has(id));
  if (missing !== undefined)
    throw new SimFault('InvalidGroup.NotFound', `The security group '${missing}' does not exist`);
  return ids;
}

/** The ENIs of an instance by network card and device, whatever the state of their attachment. */
export function enisOf(state: VpcState, instanceId: string): readonly SimEni[] {
  const ids = state.enisByInstance.get(instanceId) ?? new Set();
  const place = (eni: SimEni): number =>
    (eni.attachment?.networkCardIndex ?? 0) * 1000 + (eni.attachment?.deviceIndex ?? 0);
  return [...ids].map((id) => needEni(state, id)).sort((a, b) => place(a) - place(b));
}
