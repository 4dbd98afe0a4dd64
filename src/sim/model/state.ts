import type { MacAddress } from '../../addr/index.ts';
import { SimFault } from './fault.ts';
import type { Holders } from './holders.ts';
import type { IdSource } from './ids.ts';
import type { EniPostings } from './postings.ts';
import type { SubnetSpace } from './space.ts';
import type { ClientTokens } from './tokens.ts';
import type {
  CidrAssociation,
  CidrReservation,
  SimEni,
  SimEvent,
  SimInstance,
  SimSecurityGroup,
  SimSubnet,
  Tags,
} from './types.ts';

/** A subnet with its addresses and what they are kept for. */
export interface SubnetRecord {
  subnet: SimSubnet;
  readonly space: SubnetSpace;
  readonly reservations: Map<string, CidrReservation>;
  /** /80 of its IPv6 block that are in use. */
  blocks6: number;
  /** Addresses occupied by nobody in the model, by what put them there. */
  readonly strangers: Record<'fragments' | 'fill', SimEni['addresses']>;
}

/** How much the account may have; EC2's defaults unless a test wants less. */
export interface Quotas {
  readonly enis: number;
  readonly groupsPerEni: number;
  /** Rules of a group in one direction, IPv4 and IPv6 counted apart. */
  readonly rulesPerDirection: number;
  readonly groups: number;
  readonly subnets: number;
  readonly cidrs: number;
}

/** Everything the simulated VPC knows. Values in the maps are never changed in place, only replaced. */
export interface VpcState {
  readonly vpcId: string;
  readonly region: string;
  readonly ownerId: string;
  readonly defaultGroupId: string;
  readonly quotas: Quotas;
  readonly now: () => number;
  readonly ids: IdSource;
  readonly emit: (event: SimEvent) => void;
  /** Told of every ENI that is put in place of another, is new (no `before`) or gone (no `after`). */
  readonly replaced: (before: SimEni | undefined, after: SimEni | undefined) => void;
  /** Makes a change of several steps: what they replace is told when all have succeeded, and not when it throws. */
  readonly asOne: (change: () => void) => void;
  vpcTags: Tags;
  /** The primary one first. */
  readonly cidrs: Map<string, CidrAssociation>;
  readonly cidrs6: Map<string, CidrAssociation>;
  readonly subnets: Map<string, SubnetRecord>;
  readonly subnetByReservation: Map<string, string>;
  readonly groups: Map<string, SimSecurityGroup>;
  /** How many rules of other groups name a group. */
  readonly groupMentions: Map<string, number>;
  readonly groupByName: Map<string, string>;
  readonly instances: Map<string, SimInstance>;
  /** Ids of terminated instances, the first to go first. */
  readonly terminated: Set<string>;
  readonly enis: Map<string, SimEni>;
  readonly eniByMac: Map<MacAddress, string>;
  readonly eniByAttachment: Map<string, string>;
  readonly branchByAssociation: Map<string, string>;
  /** The branches of a trunk by VLAN. */
  readonly branches: Map<string, Map<number, string>>;
  readonly postings: EniPostings;
  readonly holders: Holders;
  readonly tokens: Record<'eni' | 'instance' | 'trunk', ClientTokens>;
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
    throw new SimFault('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`);
  return eni;
}

/** The group, or EC2's complaint. */
export function needGroup(state: VpcState, id: string): SimSecurityGroup {
  const group = state.groups.get(id);
  if (group === undefined) throw new SimFault('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
  return group;
}

/** The ENIs of an instance by network card and device, whatever the state of their attachment. */
export function enisOf(state: VpcState, instanceId: string): readonly SimEni[] {
  return [...state.postings.find('instance-id', instanceId)]
    .map((id) => needEni(state, id))
    .sort((a, b) => placeOf(a) - placeOf(b));
}

/** A number by which the ENIs of an instance are sorted: by network card, then by device. */
export function placeOf({ attachment }: SimEni): number {
  return (attachment?.networkCardIndex ?? 0) * 1000 + (attachment?.deviceIndex ?? 0);
}
