import { type Ipv4Address, type Ipv4Cidr, type Ipv6Cidr, parseIpv4Cidr } from '../../addr/index.ts';
import { type AddressWish, assignAddresses, unassignAddresses } from './addresses.ts';
import * as attachments from './attachments.ts';
import * as cidrs from './cidrs.ts';
import * as enis from './enis.ts';
import * as groups from './groups.ts';
import { Holders } from './holders.ts';
import { createIdSource } from './ids.ts';
import * as instances from './instances.ts';
import { assignIpv6, type Ipv6Holding, type Ipv6Wish, unassignIpv6 } from './ipv6.ts';
import { EniPostings } from './postings.ts';
import { assignPrefixes, type PrefixWish, unassignPrefixes } from './prefixes.ts';
import { createReservation, deleteReservation, type ReservationRequest } from './reservations.ts';
import { needSubnet, type Quotas, type VpcState } from './state.ts';
import * as subnets from './subnets.ts';
import { checkTags, createTags, deleteTags, type TagRemoval } from './tags.ts';
import { ClientTokens } from './tokens.ts';
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

/** How a VPC starts. */
export interface SimVpcOptions {
  /** IPv4 networks, the primary one first; 10.0.0.0/16 unless given. */
  readonly cidrs?: readonly Ipv4Cidr[];
  /** Gives the VPC a /56 of IPv6 addresses. */
  readonly ipv6?: boolean;
  readonly subnets?: readonly subnets.SubnetRequest[];
  readonly region?: string;
  readonly ownerId?: string;
  /** Equal seeds give equal ids, MACs and IPv6 addresses. */
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long EC2 takes to attach and to detach an ENI. The model only carries them; who serves it waits. */
  readonly attachMs?: number;
  readonly detachMs?: number;
  /** How long an instance is pending, and shutting down. */
  readonly launchMs?: number;
  readonly terminateMs?: number;
  readonly keepCalls?: number;
  readonly quotas?: Partial<Quotas>;
}

/** Told of an ENI: what it was (nothing: it is new) and what it is (nothing: it is gone). */
export type EniListener = (change: { readonly before: SimEni | undefined; readonly after: SimEni | undefined }) => void;

/** EC2's and VPC's default quotas (VPC user guide, "Amazon VPC quotas"). */
const QUOTAS: Quotas = { enis: 5000, groupsPerEni: 5, rulesPerDirection: 60, groups: 2500, cidrs: 5 };

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
  runInstance(request: instances.InstanceRequest): SimInstance {
    return this.completeLaunch(this.beginLaunch(request).id);
  }
  beginLaunch(request: instances.InstanceRequest): SimInstance {
    for (const tags of [request.tags, request.interfaceTags, ...(request.interfaces ?? []).map((one) => one.tags)])
      checkTags(tags);
    return instances.beginLaunch(this.state, request);
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

function createState(
  options: SimVpcOptions,
  told: { readonly listeners: ReadonlySet<(event: SimEvent) => void>; readonly eniListeners: ReadonlySet<EniListener> },
): VpcState {
  const ids = createIdSource(options.seed ?? 1);
  return {
    vpcId: ids.next('vpc'),
    region: options.region ?? 'us-east-1',
    ownerId: options.ownerId ?? '123456789012',
    defaultGroupId: ids.next('sg'),
    quotas: { ...QUOTAS, ...options.quotas },
    now: options.now,
    ids,
    emit: (event) => {
      for (const listener of told.listeners) listener(event);
    },
    replaced: (before, after) => {
      for (const listener of told.eniListeners) listener({ before, after });
    },
    vpcTags: {},
    ...{ cidrs: new Map(), cidrs6: new Map(), subnets: new Map(), subnetByReservation: new Map() },
    ...{ groups: new Map(), groupMentions: new Map(), groupByName: new Map() },
    ...{ instances: new Map(), instancesByName: new Map(), terminated: new Set<string>() },
    ...{ enis: new Map(), eniByMac: new Map(), eniByAttachment: new Map() },
    ...{ branchByAssociation: new Map(), branches: new Map() },
    postings: new EniPostings(),
    holders: new Holders(),
    deleted: [],
    tokens: { eni: new ClientTokens(), instance: new ClientTokens(), trunk: new ClientTokens() },
  };
}
