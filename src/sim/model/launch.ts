import type { Ipv4Address } from '../../addr/index.ts';
import { limitsOf } from '../../vpc/index.ts';
import { attach } from './attachments.ts';
import { createEni, type EniRequest } from './enis.ts';
import { SimFault } from './fault.ts';
import { metadataOptions, putInstance } from './instances.ts';
import { needMetadataKeys } from './metadata-tags.ts';
import { needEni, needInstance, needSubnet, type VpcState } from './state.ts';
import { dropEni, putEni } from './store.ts';
import type { MetadataOptions, SimInstance, Tags } from './types.ts';

/** An ENI that an instance is launched with, beside its primary one: a new one, or one that exists. */
export interface LaunchInterface extends Omit<EniRequest, 'subnetId' | 'clientToken'> {
  readonly deviceIndex: number;
  readonly networkCardIndex?: number | undefined;
  /** Set: this ENI is attached, and of the rest only `deleteOnTermination` counts. */
  readonly eniId?: string | undefined;
  /** The instance's own unless given. */
  readonly subnetId?: string | undefined;
  /** True unless given for a new ENI, false for one that exists. */
  readonly deleteOnTermination?: boolean | undefined;
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
  /** Where it is one of several that are launched together: their reservation, and its place among them. */
  readonly reservationId?: string | undefined;
  readonly launchIndex?: number | undefined;
}

const NO_IMAGE = 'ami-00000000000000000';

/** EC2's default (RunInstances, "HttpPutResponseHopLimit"), and tags are not shown unless asked for. */
const METADATA: MetadataOptions = { hopLimit: 1, tokensOptional: false, instanceTags: false };

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
    reservationId: request.reservationId ?? id.replace(/^i-/, 'r-'),
    launchIndex: request.launchIndex ?? 0,
    terminatedAt: undefined,
  };
  needMetadataKeys(instance);
  putInstance(state, instance);
  state.asOne(() => plugInterfaces(state, instance, request));
  state.tokens.instance.keep(clientToken, { id, request: wish });
  state.emit({ kind: 'instance-launched', instance });
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
  const all = [primary, ...interfaces];
  for (const { securityGroups = [] } of all) needFewGroups(state, securityGroups);
  const undo: (() => void)[] = [];
  try {
    for (const one of all) {
      const eniId = one.eniId ?? newEni(state, instance, { ...one, tags: one.tags ?? request.interfaceTags }, undo);
      const before = needEni(state, eniId);
      const deleteOnTermination = one.deleteOnTermination ?? one.eniId === undefined;
      attach(state, instance, { ...one, eniId, instanceId: instance.id, deleteOnTermination });
      undo.push(() => putEni(state, before));
    }
  } catch (error) {
    for (const step of undo.reverse()) step();
    state.instances.delete(instance.id);
    throw error;
  }
}

/** The quota of groups is the same as for an ENI alone, EC2's word for it is not. */
function needFewGroups(state: VpcState, groups: readonly string[]): void {
  const limit = state.quotas.groupsPerEni;
  if (new Set(groups).size > limit)
    throw new SimFault('SecurityGroupsPerInstanceLimitExceeded', `An instance takes ${limit} security groups`);
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
