import type { Ipv4Address, Ipv4Cidr } from '../../addr/index.ts';
import { isMac } from '../../addr/index.ts';
import { CallRecord, type SimCall } from './calls.ts';
import { ipv4Cidrs } from './cidrs.ts';
import { forgetOld } from './instances.ts';
import type { EniIndex } from './postings.ts';
import { enisOf, needEni, needGroup, needInstance, needSubnet, type VpcState } from './state.ts';
import { allTags, type TagDescription } from './tags.ts';
import type {
  CidrAssociation,
  CidrReservation,
  SimEni,
  SimEvent,
  SimInstance,
  SimSecurityGroup,
  SimSubnet,
  Tags,
  TrunkAssociation,
} from './types.ts';

/** What can be read of a VPC. Answers are values of this moment; they do not change afterwards. */
export class VpcView {
  protected readonly state: VpcState;
  readonly #listeners: Set<(event: SimEvent) => void>;
  readonly #calls: CallRecord;

  constructor(parts: {
    readonly state: VpcState;
    readonly listeners: Set<(event: SimEvent) => void>;
    readonly keepCalls: number;
  }) {
    this.state = parts.state;
    this.#listeners = parts.listeners;
    this.#calls = new CallRecord(parts.keepCalls);
  }

  get id(): string {
    return this.state.vpcId;
  }
  /** The primary network. */
  get cidr(): Ipv4Cidr {
    const [primary] = ipv4Cidrs(this.state);
    if (primary === undefined) throw new RangeError(`${this.id} has no network`);
    return primary;
  }
  get region(): string {
    return this.state.region;
  }
  get ownerId(): string {
    return this.state.ownerId;
  }
  get tags(): Tags {
    return this.state.vpcTags;
  }
  get defaultGroupId(): string {
    return this.state.defaultGroupId;
  }
  /** Now, by the clock the VPC was given. */
  now(): number {
    return this.state.now();
  }

  /** Calls `listener` after every change the faces must follow, until the returned function is called. */
  observe(listener: (event: SimEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The IPv4 networks, the primary one first. */
  cidrs(): readonly CidrAssociation[] {
    return [...this.state.cidrs.values()];
  }
  ipv6Cidrs(): readonly CidrAssociation[] {
    return [...this.state.cidrs6.values()];
  }

  /** The named object; EC2's NotFound fault when there is none. */
  subnet(id: string): SimSubnet {
    return needSubnet(this.state, id).subnet;
  }
  securityGroup(id: string): SimSecurityGroup {
    return needGroup(this.state, id);
  }
  instance(id: string): SimInstance {
    forgetOld(this.state);
    return needInstance(this.state, id);
  }
  eni(id: string): SimEni {
    return needEni(this.state, id);
  }

  /** The named object, where there is one. */
  findSubnet(id: string): SimSubnet | undefined {
    return this.state.subnets.get(id)?.subnet;
  }
  findSecurityGroup(id: string): SimSecurityGroup | undefined {
    return this.state.groups.get(id);
  }
  findSecurityGroupNamed(name: string): SimSecurityGroup | undefined {
    return this.state.groups.get(this.state.groupByName.get(name) ?? '');
  }
  findInstance(id: string): SimInstance | undefined {
    forgetOld(this.state);
    return this.state.instances.get(id);
  }
  findEni(id: string): SimEni | undefined {
    return this.state.enis.get(id);
  }

  subnets(): readonly SimSubnet[] {
    return [...this.state.subnets.values()].map(({ subnet }) => subnet);
  }
  securityGroups(): readonly SimSecurityGroup[] {
    return [...this.state.groups.values()];
  }
  /** Also those that were terminated within the last hour. */
  instances(): readonly SimInstance[] {
    forgetOld(this.state);
    return [...this.state.instances.values()];
  }
  enis(): readonly SimEni[] {
    return [...this.state.enis.values()];
  }
  reservationsOf(subnetId: string): readonly CidrReservation[] {
    return [...needSubnet(this.state, subnetId).reservations.values()];
  }
  /** Every tag of every resource. */
  allTags(): readonly TagDescription[] {
    forgetOld(this.state);
    return allTags(this.state);
  }
  /** The ids of the branch ENIs that hang on a trunk. */
  branchesOf(trunkEniId: string): readonly string[] {
    return [...(this.state.branches.get(trunkEniId)?.values() ?? [])];
  }
  /** Every association with the branch it is of. */
  trunkAssociations(): readonly (TrunkAssociation & { readonly branchEniId: string })[] {
    return [...this.state.branchByAssociation.values()].flatMap((branchEniId) => {
      const trunk = this.state.enis.get(branchEniId)?.trunk;
      return trunk === undefined ? [] : [{ ...trunk, branchEniId }];
    });
  }

  /** Addresses of a subnet that EC2 could pick: `AvailableIpAddressCount` leaves out what reservations keep. */
  availableAddresses(subnetId: string): number {
    return needSubnet(this.state, subnetId).space.open;
  }
  /** Addresses of a subnet that `fragmentSubnet` and `exhaustSubnet` occupy. */
  strangersOf(subnetId: string): readonly Ipv4Address[] {
    const { fragments, fill } = needSubnet(this.state, subnetId).strangers;
    return [...fragments, ...fill];
  }

  /** The ENIs of an instance, the primary one first, whatever the state of their attachment. */
  enisOf(instanceId: string): readonly SimEni[] {
    return enisOf(this.state, instanceId);
  }
  /** The ENI that holds the address: as primary or secondary, or inside one of its prefixes. */
  eniByAddress(address: string): SimEni | undefined {
    return this.state.enis.get(this.state.holders.find(address) ?? '');
  }
  eniByMac(mac: string): SimEni | undefined {
    return isMac(mac) ? this.state.enis.get(this.state.eniByMac.get(mac) ?? '') : undefined;
  }
  /** The ids of the ENIs with this value: a live set, to be read at once. */
  eniIdsBy(index: EniIndex, value: string): ReadonlySet<string> {
    return this.state.postings.find(index, value);
  }
  /** Keeps a request for `calls()`. */
  recordCall(call: SimCall): void {
    this.#calls.add(call);
  }
  /** The last requests answered for this VPC, oldest first. */
  calls(): readonly SimCall[] {
    return this.#calls.list();
  }
  clearCalls(): void {
    this.#calls.clear();
  }
}
