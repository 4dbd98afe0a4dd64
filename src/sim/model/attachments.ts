import { limitsOf } from '../../vpc/index.ts';
import { SimFault } from './fault.ts';
import { needSlots, slotsOf } from './limits.ts';
import { enisOf, needEni, needInstance, needSubnet, type VpcState } from './state.ts';
import { putEni } from './store.ts';
import { needTrunkOn } from './trunk.ts';
import type { SimAttachment, SimEni, SimInstance } from './types.ts';

/** Where an ENI shall hang. */
export interface AttachRequest {
  readonly eniId: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex?: number | undefined;
}

/** An ENI of which it is known that it hangs on an instance. */
export type AttachedEni = SimEni & { readonly attachment: SimAttachment };

/** Starts an attach to a running instance: the device is taken from now on, the link appears when it completes. */
export function beginAttach(state: VpcState, request: AttachRequest): SimAttachment {
  const instance = needInstance(state, request.instanceId);
  needNoEfa(needEni(state, request.eniId));
  needRunning(instance);
  return attach(state, instance, request);
}

/** Starts an attach whatever the state of the instance: at launch it is still pending. */
export function attach(
  state: VpcState,
  instance: SimInstance,
  request: AttachRequest & { readonly deleteOnTermination?: boolean | undefined },
): SimAttachment {
  const eni = needEni(state, request.eniId);
  if (eni.attachment !== undefined || eni.trunk !== undefined)
    throw new SimFault('InvalidNetworkInterface.InUse', `Interface: [${eni.id}] in use.`);
  needSameZone(state, eni, instance);
  const networkCardIndex = request.networkCardIndex ?? 0;
  needFreeDevice(state, instance, { ...request, networkCardIndex });
  needRightType(state, eni, instance, { ...request, networkCardIndex });
  needSlots(limitsOf(instance.instanceType), slotsOf(eni), instance.state === 'pending' ? 'launch' : 'run');
  const attachment: SimAttachment = {
    id: state.ids.next('eni-attach'),
    instanceId: instance.id,
    deviceIndex: request.deviceIndex,
    networkCardIndex,
    state: 'attaching',
    deleteOnTermination: request.deleteOnTermination ?? false,
    attachedAt: state.now(),
  };
  putEni(state, { ...eni, attachment });
  return attachment;
}

/**
 * Ends an attach. Does nothing when it was undone meanwhile: the instance may be gone by then; nor while the instance is
 * pending: the launch completes its own.
 */
export function completeAttach(state: VpcState, attachmentId: string): void {
  const eni = eniOfAttachment(state, attachmentId);
  if (eni?.attachment.state !== 'attaching') return;
  if (needInstance(state, eni.attachment.instanceId).state !== 'running') return;
  state.emit({ kind: 'eni-attached', eni: changeAttachment(state, eni, { state: 'attached' }) });
}

/** Starts a detach: the guest loses the link at once, EC2 frees the ENI when it completes. */
export function beginDetach(
  state: VpcState,
  request: { readonly attachmentId: string; readonly force?: boolean | undefined },
): void {
  const eni = needAttachment(state, request.attachmentId);
  const { attachment } = eni;
  if (attachment.deviceIndex === 0 && attachment.networkCardIndex === 0)
    throw new SimFault('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  needNoEfa(eni);
  needRunning(needInstance(state, attachment.instanceId));
  // Force is for what is stuck on its way, in either direction.
  if (attachment.state !== 'attached' && request.force !== true)
    throw new SimFault('IncorrectState', `The attachment '${attachment.id}' is ${attachment.state}`);
  if (attachment.state !== 'detaching') startDetach(state, eni);
}

/** Takes the link from the guest; nothing is checked. */
export function startDetach(state: VpcState, eni: AttachedEni): void {
  const changed = changeAttachment(state, eni, { state: 'detaching' });
  if (eni.attachment.state === 'attached')
    state.emit({ kind: 'eni-detached', eni: changed, instanceId: eni.attachment.instanceId });
}

/** Ends a detach: the ENI is available again. Does nothing when the instance was terminated meanwhile. */
export function completeDetach(state: VpcState, attachmentId: string): void {
  const eni = eniOfAttachment(state, attachmentId);
  if (eni?.attachment.state === 'detaching') putEni(state, { ...eni, attachment: undefined });
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
  changeAttachment(state, eni, { deleteOnTermination: value });
}

/** Narrows an ENI to one with an attachment. */
export function isAttached(eni: SimEni): eni is AttachedEni {
  return eni.attachment !== undefined;
}

function changeAttachment(state: VpcState, eni: AttachedEni, change: Partial<SimAttachment>): SimEni {
  return putEni(state, { ...eni, attachment: { ...eni.attachment, ...change } });
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

function needRunning({ id, state }: SimInstance): void {
  if (state !== 'running') throw new SimFault('IncorrectState', `Instance '${id}' is not 'running' but ${state}`);
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

/** No type has as many devices on a card. Links are named by card and device, which a larger number would confuse. */
const MAX_DEVICE = 99;

interface Place {
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
}

function needFreeDevice(state: VpcState, instance: SimInstance, place: Place): void {
  const { deviceIndex, networkCardIndex } = place;
  const cards = limitsOf(instance.instanceType)?.cards ?? [];
  const limit = cards[networkCardIndex];
  if (limit === undefined)
    throw new SimFault(
      'InvalidParameterValue',
      `${instance.instanceType} has no network card with index ${networkCardIndex}`,
    );
  if (!Number.isInteger(deviceIndex) || deviceIndex < 0 || deviceIndex > MAX_DEVICE)
    throw new SimFault('InvalidParameterValue', `A device index cannot be ${deviceIndex}`);
  const devices = enisOf(state, instance.id).flatMap((eni) =>
    eni.attachment?.networkCardIndex === networkCardIndex ? [eni.attachment.deviceIndex] : [],
  );
  if (devices.includes(deviceIndex))
    throw new SimFault(
      'InvalidParameterValue',
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  if (devices.length >= limit)
    throw new SimFault(
      'AttachmentLimitExceeded',
      `Interface count ${devices.length + 1} exceeds the limit for ${instance.instanceType}`,
    );
}

function needRightType(state: VpcState, eni: SimEni, instance: SimInstance, place: Place): void {
  switch (eni.interfaceType) {
    case 'branch':
      throw new SimFault(
        'InvalidParameterValue',
        `'${eni.id}' is a branch: it is associated with a trunk, not attached`,
      );
    case 'trunk':
      needTrunkOn(state, eni, instance);
      return;
    case 'efa-only':
      if (place.deviceIndex === 0 && place.networkCardIndex === 0)
        throw new SimFault('InvalidParameterCombination', 'An efa-only network interface cannot be the primary one');
      needOneEfa(state, instance, place);
      return;
    case 'efa':
      needOneEfa(state, instance, place);
      return;
    case 'interface':
      return;
    default:
      eni.interfaceType satisfies never;
  }
}

/** An Elastic Fabric Adapter is attached at launch and never leaves a running instance (EC2 user guide, "Create an EFA"). */
function needNoEfa({ id, interfaceType }: SimEni): void {
  if (interfaceType === 'efa' || interfaceType === 'efa-only')
    throw new SimFault('IncorrectState', `'${id}' is of type ${interfaceType}, and the instance is running`);
}

/** A network card carries one Elastic Fabric Adapter. */
function needOneEfa(state: VpcState, instance: SimInstance, place: Place): void {
  const other = enisOf(state, instance.id).find(
    ({ attachment, interfaceType }) =>
      attachment?.networkCardIndex === place.networkCardIndex && interfaceType.startsWith('efa'),
  );
  if (other !== undefined)
    throw new SimFault(
      'AttachmentLimitExceeded',
      `Network card ${place.networkCardIndex} of '${instance.id}' has an EFA already: '${other.id}'`,
    );
}
