import { limitsOf } from '../../vpc/index.ts';
import { needRoom } from './addresses.ts';
import { SimFault } from './fault.ts';
import { enisOf, needEni, needInstance, needSubnet, type VpcState } from './state.ts';
import type { SimAttachment, SimEni, SimInstance } from './types.ts';

/** Where an ENI shall hang. */
export interface AttachRequest {
  readonly eniId: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex?: number;
}

/** An ENI of which it is known that it hangs on an instance. */
type AttachedEni = SimEni & { readonly attachment: SimAttachment };

/** Starts an attach: the device is taken from now on, the link appears when it completes. */
export function beginAttach(state: VpcState, request: AttachRequest): SimAttachment {
  const eni = needEni(state, request.eniId);
  const instance = needInstance(state, request.instanceId);
  if (eni.attachment !== undefined)
    throw new SimFault('InvalidNetworkInterface.InUse', `Network interface '${eni.id}' is currently in use`);
  needSameZone(state, eni, instance);
  const networkCardIndex = request.networkCardIndex ?? 0;
  needFreeDevice(state, instance, request.deviceIndex, networkCardIndex);
  const attachment: SimAttachment = {
    id: state.ids.next('eni-attach'),
    instanceId: instance.id,
    deviceIndex: request.deviceIndex,
    networkCardIndex,
    state: 'attaching',
    deleteOnTermination: false,
    attachedAt: state.now(),
  };
  needRoom(state, { attachment, addresses: eni.addresses }, 0);
  state.eniByAttachment.set(attachment.id, eni.id);
  state.enisByInstance.get(instance.id)?.add(eni.id);
  state.enis.set(eni.id, { ...eni, attachment });
  return attachment;
}

/** Ends an attach. Does nothing when it was undone meanwhile: the instance may be gone by then. */
export function completeAttach(state: VpcState, attachmentId: string): void {
  const eni = eniOfAttachment(state, attachmentId);
  if (eni?.attachment.state !== 'attaching') return;
  const attached = withAttachment(state, eni, { state: 'attached' });
  state.emit({ kind: 'eni-attached', eni: attached });
}

/** Starts a detach: the guest loses the link at once, EC2 frees the ENI when it completes. */
export function beginDetach(
  state: VpcState,
  request: { readonly attachmentId: string; readonly force?: boolean },
): void {
  const eni = needAttachment(state, request.attachmentId);
  const { attachment } = eni;
  if (attachment.deviceIndex === 0 && attachment.networkCardIndex === 0)
    throw new SimFault('OperationNotPermitted', 'The network interface at device index 0 cannot be detached');
  if (attachment.state === 'detaching' || (attachment.state === 'attaching' && request.force !== true))
    throw new SimFault('IncorrectState', `The attachment '${attachment.id}' is ${attachment.state}`);
  const changed = withAttachment(state, eni, { state: 'detaching' });
  if (attachment.state === 'attached')
    state.emit({ kind: 'eni-detached', eni: changed, instanceId: attachment.instanceId });
}

/** Ends a detach: the ENI is available again. Does nothing when the instance was terminated meanwhile. */
export function completeDetach(state: VpcState, attachmentId: string): void {
  const eni = eniOfAttachment(state, attachmentId);
  if (eni?.attachment.state === 'detaching') dropAttachment(state, eni);
}

/** Says whether an ENI shall be deleted together with its instance. */
export function setDeleteOnTermination(
  state: VpcState,
  request: { readonly eniId: string; readonly attachmentId: string; readonly value: boolean },
): void {
  const { attachmentId, eniId, value } = request;
  needEni(state, eniId);
  const eni = needAttachment(state, attachmentId);
  if (eni.id !== eniId)
    throw new SimFault('InvalidAttachmentID.NotFound', `'${attachmentId}' is no attachment of '${eniId}'`);
  withAttachment(state, eni, { deleteOnTermination: value });
}

/** Takes an ENI off its instance, whatever the state of its attachment. */
export function dropAttachment(state: VpcState, eni: AttachedEni): SimEni {
  state.eniByAttachment.delete(eni.attachment.id);
  state.enisByInstance.get(eni.attachment.instanceId)?.delete(eni.id);
  const available: SimEni = { ...eni, attachment: undefined };
  state.enis.set(eni.id, available);
  return available;
}

/** Narrows an ENI to one with an attachment. */
export function isAttached(eni: SimEni): eni is AttachedEni {
  return eni.attachment !== undefined;
}

function withAttachment(state: VpcState, eni: AttachedEni, change: Partial<SimAttachment>): SimEni {
  const changed: SimEni = { ...eni, attachment: { ...eni.attachment, ...change } };
  state.enis.set(eni.id, changed);
  return changed;
}

function eniOfAttachment(state: VpcState, attachmentId: string): AttachedEni | undefined {
  const eni = state.enis.get(state.eniByAttachment.get(attachmentId) ?? '');
  return eni !== undefined && isAttached(eni) ? eni : undefined;
}

function needAttachment(state: VpcState, attachmentId: string): AttachedEni {
  const eni = eniOfAttachment(state, attachmentId);
  if (eni === undefined)
    throw new SimFault('InvalidAttachmentID.NotFound', `The attachment '${attachmentId}' does not exist`);
  return eni;
}

function needSameZone(state: VpcState, eni: SimEni, instance: SimInstance): void {
  const here = needSubnet(state, instance.subnetId).subnet.availabilityZone;
  const there = needSubnet(state, eni.subnetId).subnet.availabilityZone;
  if (here !== there)
    throw new SimFault(
      'InvalidParameterCombination',
      `Network interface '${eni.id}' is in ${there} and instance '${instance.id}' in ${here}`,
    );
}

function needFreeDevice(state: VpcState, instance: SimInstance, deviceIndex: number, card: number): void {
  const cards = limitsOf(instance.instanceType)?.cards ?? [];
  const limit = cards[card];
  if (limit === undefined)
    throw new SimFault('InvalidParameterValue', `${instance.instanceType} has no network card with index ${card}`);
  if (!Number.isInteger(deviceIndex) || deviceIndex < 0)
    throw new SimFault('InvalidParameterValue', `A device index cannot be ${deviceIndex}`);
  const devices = enisOf(state, instance.id).flatMap((eni) =>
    eni.attachment?.networkCardIndex === card ? [eni.attachment.deviceIndex] : [],
  );
  if (devices.includes(deviceIndex))
    throw new SimFault(
      'InvalidParameterValue',
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'`,
    );
  if (devices.length >= limit)
    throw new SimFault(
      'AttachmentLimitExceeded',
      `Interface count ${devices.length + 1} exceeds the limit of ${limit} for ${instance.instanceType}`,
    );
}
