import { type Ipv4Address, type Ipv4Cidr, isIpv4, isMac, parseIpv4Cidr } from '../../addr/index.ts';
import { type AddressWish, assignAddresses, unassignAddresses } from './addresses.ts';
import * as attachments from './attachments.ts';
import { CallRecord, type SimCall } from './calls.ts';
import * as enis from './enis.ts';
import { SimFault } from './fault.ts';
import { createIdSource } from './ids.ts';
import * as instances from './instances.ts';
import { enisOf, needEni, needInstance, needSubnet, type Tags, type VpcState } from './state.ts';
import { availableAddresses, createSubnet, type SubnetRequest } from './subnets.ts';
import { allTags, checkTags, createTags, type TagDescription } from './tags.ts';
import type { SimAttachment, SimEni, SimEvent, SimInstance, SimSecurityGroup, SimSubnet } from './types.ts';

/** How a VPC starts. */
export interface SimVpcOptions {
  readonly cidr?: Ipv4Cidr;
  readonly subnets?: readonly SubnetRequest[];
  readonly region?: string;
  readonly ownerId?: string;
  /** Equal seeds give equal ids. */
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long EC2 takes to attach and to detach an ENI. The model only carries them; who serves it waits. */
  readonly attachMs?: number;
  readonly detachMs?: number;
  readonly keepCalls?: number;
}

/**
 * One simulated VPC: subnets, instances, ENIs and their addresses, with EC2's rules and limits. Every operation is
 * whole or throws a `SimFault` and changes nothing. It owns no timer: who serves it completes attaches and detaches.
 */
export class SimVpc {
  readonly attachMs: number;
  readonly detachMs: number;
  readonly #state: VpcState;
  readonly #calls: CallRecord;
  readonly #listeners = new Set<(event: SimEvent) => void>();

  constructor(options: SimVpcOptions) {
    const ids = createIdSource(options.seed ?? 1);
    const defaultGroupId = ids.next('sg');
    this.attachMs = options.attachMs ?? 1500;
    this.detachMs = options.detachMs ?? 1000;
    this.#calls = new CallRecord(options.keepCalls ?? 5000);
    this.#state = {
      vpcId: ids.next('vpc'),
      cidr: options.cidr ?? parseIpv4Cidr('10.0.0.0/16'),
      region: options.region ?? 'us-east-1',
      ownerId: options.ownerId ?? '123456789012',
      defaultGroupId,
      now: options.now,
      ids,
      emit: (event) => {
        for (const listener of this.#listeners) listener(event);
      },
      vpcTags: {},
      subnets: new Map(),
      groups: new Map(),
      instances: new Map(),
      enis: new Map(),
      eniByMac: new Map(),
      eniByAddress: new Map(),
      eniByAttachment: new Map(),
      enisByInstance: new Map(),
      eniByToken: new Map(),
      tokenByEni: new Map(),
    };
    this.#addGroup(defaultGroupId, { name: 'default', description: 'default VPC security group' });
    for (const subnet of options.subnets ?? []) this.createSubnet(subnet);
  }

  get id(): string {
    return this.#state.vpcId;
  }
  get cidr(): Ipv4Cidr {
    return this.#state.cidr;
  }
  get region(): string {
    return this.#state.region;
  }
  get ownerId(): string {
    return this.#state.ownerId;
  }
  get tags(): Tags {
    return this.#state.vpcTags;
  }
  /** Now, by the clock the VPC was given. */
  now(): number {
    return this.#state.now();
  }

  /** Calls `listener` after every change the fabric must follow, until the returned function is called. */
  observe(listener: (event: SimEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  createSubnet(request: SubnetRequest): SimSubnet {
    checkTags(request.tags ?? {});
    return createSubnet(this.#state, request);
  }
  createSecurityGroup(request: { readonly name: string; readonly description?: string }): SimSecurityGroup {
    if ([...this.#state.groups.values()].some((group) => group.name === request.name))
      throw new SimFault('InvalidGroup.Duplicate', `The security group '${request.name}' already exists`);
    return this.#addGroup(this.#state.ids.next('sg'), request);
  }
  runInstance(request: instances.InstanceRequest): SimInstance {
    checkTags(request.tags ?? {});
    return instances.runInstance(this.#state, request);
  }
  terminateInstance(instanceId: string): void {
    instances.terminateInstance(this.#state, instanceId);
  }

  createEni(request: enis.EniRequest): SimEni {
    checkTags(request.tags ?? {});
    return enis.createEni(this.#state, request);
  }
  deleteEni(eniId: string): void {
    enis.deleteEni(this.#state, eniId);
  }
  setSecurityGroups(eniId: string, groups: readonly string[]): SimEni {
    return enis.setSecurityGroups(this.#state, eniId, groups);
  }
  setDescription(eniId: string, description: string): SimEni {
    return enis.setDescription(this.#state, eniId, description);
  }

  beginAttach(request: attachments.AttachRequest): SimAttachment {
    return attachments.beginAttach(this.#state, request);
  }
  completeAttach(attachmentId: string): void {
    attachments.completeAttach(this.#state, attachmentId);
  }
  beginDetach(request: { readonly attachmentId: string; readonly force?: boolean }): void {
    attachments.beginDetach(this.#state, request);
  }
  completeDetach(attachmentId: string): void {
    attachments.completeDetach(this.#state, attachmentId);
  }
  setDeleteOnTermination(request: {
    readonly eniId: string;
    readonly attachmentId: string;
    readonly value: boolean;
  }): void {
    attachments.setDeleteOnTermination(this.#state, request);
  }

  /** Gives an ENI secondary addresses; answers with the new ones. */
  assignAddresses(request: { readonly eniId: string } & AddressWish): readonly Ipv4Address[] {
    return assignAddresses(this.#state, request);
  }
  unassignAddresses(request: { readonly eniId: string; readonly addresses: readonly Ipv4Address[] }): SimEni {
    return unassignAddresses(this.#state, request);
  }
  createTags(request: { readonly resourceIds: readonly string[]; readonly tags: Tags }): void {
    createTags(this.#state, request);
  }

  /** The named object; EC2's NotFound fault when there is none. */
  subnet(id: string): SimSubnet {
    return needSubnet(this.#state, id).subnet;
  }
  instance(id: string): SimInstance {
    return needInstance(this.#state, id);
  }
  eni(id: string): SimEni {
    return needEni(this.#state, id);
  }

  /** Addresses of a subnet that nobody holds and AWS does not keep back. */
  availableAddresses(subnetId: string): number {
    return availableAddresses(needSubnet(this.#state, subnetId));
  }
  subnets(): readonly SimSubnet[] {
    return [...this.#state.subnets.values()].map(({ subnet }) => subnet);
  }
  securityGroups(): readonly SimSecurityGroup[] {
    return [...this.#state.groups.values()];
  }
  instances(): readonly SimInstance[] {
    return [...this.#state.instances.values()];
  }
  enis(): readonly SimEni[] {
    return [...this.#state.enis.values()];
  }
  /** Every tag of every resource. */
  allTags(): readonly TagDescription[] {
    return allTags(this.#state);
  }

  /** The ENIs of an instance, the primary one first, whatever the state of their attachment. */
  enisOf(instanceId: string): readonly SimEni[] {
    return enisOf(this.#state, instanceId);
  }
  /** The ENI that holds the address, as primary or secondary. */
  eniByAddress(address: string): SimEni | undefined {
    return isIpv4(address) ? this.#state.enis.get(this.#state.eniByAddress.get(address) ?? '') : undefined;
  }
  eniByMac(mac: string): SimEni | undefined {
    return isMac(mac) ? this.#state.enis.get(this.#state.eniByMac.get(mac) ?? '') : undefined;
  }
  /** The instance with this id, where there is one. */
  findInstance(id: string): SimInstance | undefined {
    return this.#state.instances.get(id);
  }
  /** The instance people call by this name. */
  instanceByName(name: string): SimInstance | undefined {
    return this.instances().find((instance) => instance.name === name);
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

  #addGroup(id: string, request: { readonly name: string; readonly description?: string }): SimSecurityGroup {
    const group = { id, name: request.name, description: request.description ?? request.name, tags: {} };
    this.#state.groups.set(id, group);
    return group;
  }
}
