import { completeAttach, isAttached, startDetach } from './attachments.ts';
import { SimFault } from './fault.ts';
import { needMetadataKeys } from './metadata-tags.ts';
import { enisOf, needInstance, type VpcState } from './state.ts';
import { putEni, removeEni } from './store.ts';
import { dropBranches } from './trunk.ts';
import type { MetadataOptions, SimInstance } from './types.ts';

/** A terminated instance can be described for about so long. */
const REMEMBERED_MS = 3_600_000;

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
  forgetOld(state);
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
  change: Partial<{ readonly [K in keyof MetadataOptions]: MetadataOptions[K] | undefined }>,
): SimInstance {
  const instance = needInstance(state, instanceId);
  if (instance.state !== 'running' && instance.state !== 'pending') throw wrongState(instance);
  const metadata = metadataOptions(instance.metadata, change);
  needMetadataKeys({ ...instance, metadata });
  const changed = putInstance(state, { ...instance, metadata });
  state.emit({ kind: 'instance-changed', instance: changed });
  return changed;
}

/** Puts an instance in place of the one with its id. */
export function putInstance(state: VpcState, instance: SimInstance): SimInstance {
  state.instances.set(instance.id, instance);
  return instance;
}

/** The options after a change, or EC2's complaint about it. */
export function metadataOptions(
  before: MetadataOptions,
  change: Partial<{ readonly [K in keyof MetadataOptions]: MetadataOptions[K] | undefined }>,
): MetadataOptions {
  const hopLimit = change.hopLimit ?? before.hopLimit;
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64)
    throw new SimFault('InvalidParameterValue', `A hop limit is 1 to 64, not ${hopLimit}`);
  const { tokensOptional = before.tokensOptional, instanceTags = before.instanceTags } = change;
  return { hopLimit, tokensOptional, instanceTags };
}

function wrongState(instance: SimInstance): SimFault {
  return new SimFault('IncorrectInstanceState', `The instance '${instance.id}' is ${instance.state}`);
}
