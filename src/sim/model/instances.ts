import type { Ipv4Address, Ipv4Cidr, Ipv6Address, Ipv6Cidr } from '../../addr/index.ts';
import { limitsOf } from '../../vpc/index.ts';
import { attach, completeAttach, isAttached, startDetach } from './attachments.ts';
import { createEni } from './enis.ts';
import { SimFault } from './fault.ts';
import { enisOf, needEni, needInstance, needSubnet, type VpcState } from './state.ts';
import { dropEni, putEni, removeEni } from './store.ts';
import { dropBranches } from './trunk.ts';
import type { InterfaceType, MetadataOptions, SimInstance, Tags } from './types.ts';

/** An ENI that an instance is launched with, beside its primary one: a new one, or one that exists. */
export interface LaunchInterface {
  readonly deviceIndex: number;
  readonly networkCardIndex?: number | undefined;
  /** Set: this ENI is attached, and of the rest only `deleteOnTermination` counts. */
  readonly eniId?: string | undefined;
  /** The instance's own unless given. */
  readonly subnetId?: string | undefined;
  readonly description?: string | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly addresses?: readonly Ipv4Address[] | undefined;
  readonly secondaryCount?: number | undefined;
  readonly prefixes?: readonly Ipv4Cidr[] | undefined;
  readonly prefixCount?: number | undefined;
  readonly ipv6Addresses?: readonly Ipv6Address[] | undefined;
  readonly ipv6Count?: number | undefined;
  readonly ipv6Prefixes?: readonly Ipv6Cidr[] | undefined;
  readonly ipv6PrefixCount?: number | undefined;
  readonly interfaceType?: InterfaceType | undefined;
  /** True unless given for a new ENI, false for one that exists. */
  readonly deleteOnTermination?: boolean | undefined;
  readonly tags?: Tags | undefined;
}

/** What an instance is made from. The first fields are those of its primary ENI. */
export interface InstanceRequest extends Omit<LaunchInterface, 'deviceIndex' | 'networkCardIndex' | 'eniId' | 'tags'> {
  /** What people call it; else its `Name` tag, else its id. */
  readonly name?: string | undefined;
  readonly instanceType: string;
  /** Needed unless `eniId` is given, whose subnet it is then. */
  readonly subnetId?: string | undefined;
  /** The primary address; EC2 picks one unless given. */
  readonly privateIp?: Ipv4Address | undefined;
  /** An ENI that exists, to be the primary one. */
  readonly eniId?: string | undefined;
  /** Further ENIs. */
  readonly interfaces?: readonly LaunchInterface[] | undefined;
  readonly userData?: Uint8Array | undefined;
  readonly imageId?: string | undefined;
  readonly metadata?: Partial<MetadataOptions> | undefined;
  /** Of the instance. */
  readonly tags?: Tags | undefined;
  /** Of every ENI made for it. */
  readonly interfaceTags?: Tags | undefined;
  readonly clientToken?: string | undefined;
}

const NO_IMAGE = 'ami-00000000000000000';

/** EC2's default (RunInstances, "HttpPutResponseHopLimit"), and tags are not shown unless asked for. */
const METADATA: MetadataOptions = { hopLimit: 1, instanceTags: false };

/** A terminated instance can be described for about so long. */
const REMEMBERED_MS = 3_600_000;

/** Starts an instance, which stays pending, its ENIs attaching, until `completeLaunch`. */
export function beginLaunch(state: VpcState, request: InstanceRequest): SimInstance {
  const { clientToken, ...rest } = request;
  const wish = JSON.stringify(rest);
  const known = state.tokens.instance.find(clientToken, wish);
  if (known !== undefined) return needLiving(needInstance(state, known));
  const { subnet } = needSubnet(state, subnetOf(state, request));
  if (limitsOf(request.instanceType) === undefined)
    throw new SimFault('InvalidInstanceType', `The instance type '${request.instanceType}' does not exist`);
  const id = state.ids.next('i');
  const name = request.name ?? request.tags?.['Name'] ?? id;
  const instance: SimInstance = {
    id,
    name,
    state: 'pending',
    instanceType: request.instanceType,
    imageId: request.imageId ?? NO_IMAGE,
    subnetId: subnet.id,
    userData: request.userData,
    metadata: metadataOptions(METADATA, request.metadata ?? {}),
    tags: request.name === undefined ? (request.tags ?? {}) : { Name: name, ...request.tags },
    launchedAt: state.now(),
    terminatedAt: undefined,
  };
  putInstance(state, instance);
  plugInterfaces(state, instance, request);
  state.tokens.instance.keep(clientToken, { id, request: wish });
  state.emit({ kind: 'instance-launched', instance });
  return instance;
}

/** The instance runs and its ENIs are attached. Does nothing when it was terminated meanwhile. */
export function completeLaunch(state: VpcState, instanceId: string): SimInstance {
  const instance = needInstance(state, instanceId);
  if (instance.state !== 'pending') return instance;
  const running = putInstance(state, { ...instance, state: 'running' });
  for (const eni of enisOf(state, instanceId)) if (isAttached(eni)) completeAttach(state, eni.attachment.id);
  return running;
}

/** Boots the instance again. Its ENIs stay where they are. */
export function rebootInstance(state: VpcState, instanceId: string): void {
  const instance = needInstance(state, instanceId);
  if (instance.state !== 'running') throw wrongState(instance);
  state.emit({ kind: 'instance-rebooted', instance });
}

/** Starts the end of an instance: it loses its links at once. Asked again it does nothing, as EC2. */
export function beginTerminate(state: VpcState, instanceId: string): SimInstance {
  const instance = needInstance(state, instanceId);
  if (instance.state === 'shutting-down' || instance.state === 'terminated') return instance;
  const ending = putInstance(state, { ...instance, state: 'shutting-down' });
  for (const eni of enisOf(state, instanceId).filter(isAttached))
    if (eni.attachment.state !== 'detaching') startDetach(state, eni);
  return ending;
}

/** Ends an instance: ENIs marked for it go with it, the others become available. */
export function completeTerminate(state: VpcState, instanceId: string): SimInstance {
  const instance = needInstance(state, instanceId);
  if (instance.state !== 'shutting-down') return instance;
  for (const eni of enisOf(state, instanceId).filter(isAttached)) {
    if (!eni.attachment.deleteOnTermination) {
      putEni(state, { ...eni, attachment: undefined });
      continue;
    }
    dropBranches(state, eni.id);
    removeEni(state, eni);
  }
  const terminated = putInstance(state, { ...instance, state: 'terminated', terminatedAt: state.now() });
  state.terminated.add(instanceId);
  state.emit({ kind: 'instance-terminated', instance: terminated });
  return terminated;
}

/** Drops what is still known of a terminated instance. */
export function forgetInstance(state: VpcState, instanceId: string): void {
  const instance = needInstance(state, instanceId);
  if (instance.state !== 'terminated') throw wrongState(instance);
  state.instances.delete(instanceId);
  state.terminated.delete(instanceId);
  state.tokens.instance.forget(instanceId);
}

/** Drops the instances whose hour is over. */
export function forgetOld(state: VpcState): void {
  const limit = state.now() - REMEMBERED_MS;
  for (const id of state.terminated) {
    if ((state.instances.get(id)?.terminatedAt ?? 0) > limit) return;
    forgetInstance(state, id);
  }
}

/** Changes how an instance may use its metadata service. */
export function setMetadataOptions(
  state: VpcState,
  instanceId: string,
  change: { readonly hopLimit?: number | undefined; readonly instanceTags?: boolean | undefined },
): SimInstance {
  const instance = needInstance(state, instanceId);
  if (instance.state !== 'running' && instance.state !== 'pending') throw wrongState(instance);
  const changed = putInstance(state, { ...instance, metadata: metadataOptions(instance.metadata, change) });
  state.emit({ kind: 'instance-changed', instance: changed });
  return changed;
}

/** Puts an instance in place of the one with its id and keeps the index of names right. */
export function putInstance(state: VpcState, instance: SimInstance): SimInstance {
  const { id, name } = instance;
  state.instances.set(id, instance);
  const named = state.instancesByName.get(name) ?? new Set();
  if (instance.state === 'terminated') named.delete(id);
  else named.add(id);
  if (named.size === 0) state.instancesByName.delete(name);
  else state.instancesByName.set(name, named);
  return instance;
}

/** All ENIs of a launch or none: what was made or attached before one fails is undone, unseen by anybody. */
function plugInterfaces(state: VpcState, instance: SimInstance, request: InstanceRequest): void {
  const { privateIp, interfaces = [] } = request;
  const primary: LaunchInterface = {
    ...pickInterface(request),
    deviceIndex: 0,
    addresses: request.addresses ?? (privateIp === undefined ? undefined : [privateIp]),
  };
  const undo: (() => void)[] = [];
  try {
    for (const one of [primary, ...interfaces]) {
      const eniId = one.eniId ?? newEni(state, instance, { ...one, tags: one.tags ?? request.interfaceTags }, undo);
      const before = needEni(state, eniId);
      const deleteOnTermination = one.deleteOnTermination ?? one.eniId === undefined;
      attach(state, instance, { ...one, eniId, instanceId: instance.id, deleteOnTermination });
      undo.push(() => putEni(state, before));
    }
  } catch (error) {
    for (const step of undo.reverse()) step();
    putInstance(state, { ...instance, state: 'terminated' });
    state.instances.delete(instance.id);
    throw error;
  }
}

function newEni(state: VpcState, instance: SimInstance, one: LaunchInterface, undo: (() => void)[]): string {
  const eni = createEni(state, { ...one, subnetId: one.subnetId ?? instance.subnetId });
  undo.push(() => dropEni(state, needEni(state, eni.id)));
  return eni.id;
}

function pickInterface(request: InstanceRequest): Omit<LaunchInterface, 'deviceIndex' | 'tags'> {
  const { subnetId, description, securityGroups, secondaryCount, prefixes, prefixCount } = request;
  const { ipv6Addresses, ipv6Count, ipv6Prefixes, ipv6PrefixCount, interfaceType, deleteOnTermination, eniId } =
    request;
  return {
    ...{ subnetId, description, securityGroups, secondaryCount, prefixes, prefixCount, eniId },
    ...{ ipv6Addresses, ipv6Count, ipv6Prefixes, ipv6PrefixCount, interfaceType, deleteOnTermination },
  };
}

function metadataOptions(
  before: MetadataOptions,
  change: { readonly hopLimit?: number | undefined; readonly instanceTags?: boolean | undefined },
): MetadataOptions {
  const hopLimit = change.hopLimit ?? before.hopLimit;
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64)
    throw new SimFault('InvalidParameterValue', `A hop limit is 1 to 64, not ${hopLimit}`);
  return { hopLimit, instanceTags: change.instanceTags ?? before.instanceTags };
}

function subnetOf(state: VpcState, { eniId, subnetId }: InstanceRequest): string {
  if (eniId !== undefined) return needEni(state, eniId).subnetId;
  if (subnetId !== undefined) return subnetId;
  throw new SimFault('MissingParameter', 'The request must contain the parameter SubnetId');
}

/** EC2 answers a repeated launch with the first one's instance, but not when that is gone. */
function needLiving(instance: SimInstance): SimInstance {
  if (instance.state !== 'terminated') return instance;
  throw new SimFault('IdempotentInstanceTerminated', `The instance '${instance.id}' of this token is terminated`);
}

function wrongState(instance: SimInstance): SimFault {
  return new SimFault('IncorrectInstanceState', `The instance '${instance.id}' is ${instance.state}`);
}
