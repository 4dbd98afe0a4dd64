import { type Ipv4Address, type Ipv4Cidr, type Ipv6Cidr, parseIpv4Cidr } from '../../addr/index.ts';
import { type AddressWish, assignAddresses, unassignAddresses } from './addresses.ts';
import * as attachments from './attachments.ts';
import * as cidrs from './cidrs.ts';
import { createState, type EniListener } from './create-state.ts';
import * as enis from './enis.ts';
import * as groups from './groups.ts';
import * as instances from './instances.ts';
import { assignIpv6, type Ipv6Holding, type Ipv6Wish, unassignIpv6 } from './ipv6.ts';
import { beginLaunch, type InstanceRequest } from './launch.ts';
import type { SimVpcOptions } from './options.ts';
import { assignPrefixes, type PrefixWish, unassignPrefixes } from './prefixes.ts';
import { createReservation, deleteReservation, type ReservationRequest } from './reservations.ts';
import { needSubnet } from './state.ts';
import * as subnets from './subnets.ts';
import { checkTags, createTags, deleteTags, type TagRemoval } from './tags.ts';
import { associateTrunk, disassociateTrunk, type TrunkRequest } from './trunk.ts';
import type {
  CidrAssociation,
  CidrReservation,
  SimAttachment,
  SimEni,
  SimEvent,
  SimInstance,
  SimSecurityGroup,
  SimSecurityRule,
  SimSubnet,
  Tags,
  TrunkAssociation,
} from './types.ts';
import { type SeenEnis, VpcAsSeen } from './vpc-as-seen.ts';
import { VpcView } from './vpc-view.ts';

/**
 * One simulated VPC with EC2's rules and limits. Every operation is whole or throws a `SimFault` and changes nothing.
 * It owns no timer: who serves it completes attaches, detaches, launches and terminations.
 */
export class SimVpc extends VpcView {
  readonly attachMs: number;
  readonly detachMs: number;
  readonly launchMs: number;
  readonly terminateMs: number;
  readonly #eniListeners: Set<EniListener>;

  constructor(options: SimVpcOptions) {
    const listeners = new Set<(event: SimEvent) => void>();
    const eniListeners = new Set<EniListener>();
    super({
      state: createState(options, { listeners, eniListeners }),
      listeners,
      keepCalls: options.keepCalls ?? 5000,
    });
    this.#eniListeners = eniListeners;
    this.attachMs = options.attachMs ?? 1500;
    this.detachMs = options.detachMs ?? 1000;
    this.launchMs = options.launchMs ?? 2000;
    this.terminateMs = options.terminateMs ?? 2000;
    for (const cidr of options.cidrs ?? [parseIpv4Cidr('10.0.0.0/16')]) this.associateCidr({ cidr });
    if (options.ipv6 === true) this.associateCidr({ ipv6: true });
    groups.createDefaultGroup(this.state);
    for (const subnet of options.subnets ?? []) this.createSubnet(subnet);
  }

  /** Calls `listener` with every ENI before and after each change, until the returned function is called. */
  observeEnis(listener: EniListener): () => void {
    this.#eniListeners.add(listener);
    return () => void this.#eniListeners.delete(listener);
  }
  /** The VPC as somebody sees it who sees these ENIs otherwise. */
  asSeen(seen: SeenEnis): VpcView {
    return new VpcAsSeen({ state: this.state, listeners: new Set(), keepCalls: 0 }, seen);
  }

  associateCidr(request: { readonly cidr: Ipv4Cidr } | { readonly ipv6: true }): CidrAssociation {
    const association = cidrs.associateCidr(this.state, request);
    if ('ipv6' in request) groups.openWayOut6(this.state);
    return association;
  }
  disassociateCidr(associationId: string): CidrAssociation {
    return cidrs.disassociateCidr(this.state, associationId);
  }
  associateSubnetCidr(request: { readonly subnetId: string; readonly ipv6Cidr: Ipv6Cidr }): CidrAssociation {
    return cidrs.associateSubnetCidr(this.state, request);
  }
  disassociateSubnetCidr(associationId: string): CidrAssociation {
    return cidrs.disassociateSubnetCidr(this.state, associationId);
  }

  createSubnet(request: subnets.SubnetRequest): SimSubnet {
    checkTags(request.tags);
    return subnets.createSubnet(this.state, request);
  }
  deleteSubnet(id: string): void {
    subnets.deleteSubnet(this.state, id);
  }
  modifySubnet(id: string, change: Parameters<typeof subnets.modifySubnet>[2]): SimSubnet {
    return subnets.modifySubnet(this.state, id, change);
  }
  createReservation(request: ReservationRequest): CidrReservation {
    checkTags(request.tags);
    return createReservation(this.state, request);
  }
  deleteReservation(id: string): CidrReservation {
    return deleteReservation(this.state, id);
  }
  /** Occupies one address in every open /28 of a subnet; EC2 has no such action. */
  fragmentSubnet(id: string): void {
    subnets.fragmentSubnet(needSubnet(this.state, id));
  }
  defragmentSubnet(id: string): void {
    subnets.releaseStrangers(needSubnet(this.state, id), 'fragments');
  }
  /** Occupies all addresses EC2 could pick in a subnet but `leave`; EC2 has no such action. */
  exhaustSubnet(id: string, leave = 0): void {
    subnets.exhaustSubnet(needSubnet(this.state, id), leave);
  }
  releaseStrangers(id: string): void {
    subnets.releaseStrangers(needSubnet(this.state, id), 'fill');
  }

  createSecurityGroup(request: groups.GroupRequest): SimSecurityGroup {
    checkTags(request.tags);
    return groups.createGroup(this.state, request);
  }
  deleteSecurityGroup(id: string): void {
    groups.deleteGroup(this.state, id);
  }
  authorizeRules(request: {
    readonly groupId: string;
    readonly rules: readonly groups.RuleRequest[];
  }): readonly SimSecurityRule[] {
    return groups.authorizeRules(this.state, request);
  }
  revokeRules(request: groups.RevokeRequest): SimSecurityGroup {
    return groups.revokeRules(this.state, request);
  }

  createEni(request: enis.EniRequest): SimEni {
    checkTags(request.tags);
    return enis.createEni(this.state, request);
  }
  deleteEni(id: string): void {
    enis.deleteEni(this.state, id);
  }
  setSecurityGroups(id: string, groupIds: readonly string[]): SimEni {
    return enis.setSecurityGroups(this.state, id, groupIds);
  }
  setDescription(id: string, text: string): SimEni {
    return enis.setDescription(this.state, id, text);
  }
  setSourceDestCheck(id: string, on: boolean): SimEni {
    return enis.setSourceDestCheck(this.state, id, on);
  }

  /** Gives an ENI secondary addresses; answers with the new ones. */
  assignAddresses(request: { readonly eniId: string } & AddressWish): readonly Ipv4Address[] {
    return assignAddresses(this.state, request);
  }
  unassignAddresses(request: { readonly eniId: string; readonly addresses: readonly Ipv4Address[] }): SimEni {
    return unassignAddresses(this.state, request);
  }
  assignPrefixes(request: { readonly eniId: string } & PrefixWish): readonly Ipv4Cidr[] {
    return assignPrefixes(this.state, request);
  }
  unassignPrefixes(request: { readonly eniId: string; readonly prefixes: readonly Ipv4Cidr[] }): SimEni {
    return unassignPrefixes(this.state, request);
  }
  assignIpv6(request: { readonly eniId: string } & Ipv6Wish): Ipv6Holding {
    return assignIpv6(this.state, request);
  }
  unassignIpv6(request: { readonly eniId: string } & Partial<Ipv6Holding>): SimEni {
    return unassignIpv6(this.state, request);
  }

  beginAttach(request: attachments.AttachRequest): SimAttachment {
    return attachments.beginAttach(this.state, request);
  }
  completeAttach(attachmentId: string): void {
    attachments.completeAttach(this.state, attachmentId);
  }
  beginDetach(request: { readonly attachmentId: string; readonly force?: boolean | undefined }): void {
    attachments.beginDetach(this.state, request);
  }
  completeDetach(attachmentId: string): void {
    attachments.completeDetach(this.state, attachmentId);
  }
  setDeleteOnTermination(request: Parameters<typeof attachments.setDeleteOnTermination>[1]): void {
    attachments.setDeleteOnTermination(this.state, request);
  }
  associateTrunk(request: TrunkRequest): TrunkAssociation {
    return associateTrunk(this.state, request);
  }
  disassociateTrunk(associationId: string): void {
    disassociateTrunk(this.state, associationId);
  }

  /** Starts an instance that runs at once. */
  runInstance(request: InstanceRequest): SimInstance {
    return this.completeLaunch(this.beginLaunch(request).id);
  }
  beginLaunch(request: InstanceRequest): SimInstance {
    for (const tags of [request.tags, request.interfaceTags, ...(request.interfaces ?? []).map((one) => one.tags)])
      checkTags(tags);
    return beginLaunch(this.state, request);
  }
  completeLaunch(id: string): SimInstance {
    return instances.completeLaunch(this.state, id);
  }
  rebootInstance(id: string): void {
    instances.rebootInstance(this.state, id);
  }
  beginTerminate(id: string): SimInstance {
    return instances.beginTerminate(this.state, id);
  }
  completeTerminate(id: string): SimInstance {
    return instances.completeTerminate(this.state, id);
  }
  /** Ends an instance at once. */
  terminateInstance(id: string): SimInstance {
    this.beginTerminate(id);
    return this.completeTerminate(id);
  }
  /** Drops the record of a terminated instance before its hour is over; EC2 has no such action. */
  forgetInstance(id: string): void {
    instances.forgetInstance(this.state, id);
  }
  setMetadataOptions(id: string, change: Parameters<typeof instances.setMetadataOptions>[2]): SimInstance {
    return instances.setMetadataOptions(this.state, id, change);
  }

  createTags(request: { readonly resourceIds: readonly string[]; readonly tags: Tags }): void {
    createTags(this.state, request);
  }
  deleteTags(request: TagRemoval): void {
    deleteTags(this.state, request);
  }
}
