import { limitsOf } from '../../vpc/index.ts';
import { beginAttach, completeAttach, dropAttachment, isAttached, setDeleteOnTermination } from './attachments.ts';
import { createEni, deleteEni } from './enis.ts';
import { SimFault } from './fault.ts';
import { enisOf, needInstance, needSubnet, type Tags, type VpcState } from './state.ts';
import type { SimInstance } from './types.ts';

/** What an instance is made from. */
export interface InstanceRequest {
  readonly name: string;
  readonly instanceType: string;
  readonly subnetId: string;
  readonly securityGroups?: readonly string[];
  /** Secondary addresses on the primary ENI from the start, as a launch template can ask for. */
  readonly secondaryCount?: number;
  readonly tags?: Tags;
}

/** Starts an instance; its primary ENI is attached as device 0 when this returns. */
export function runInstance(state: VpcState, request: InstanceRequest): SimInstance {
  const { subnet } = needSubnet(state, request.subnetId);
  const limits = limitsOf(request.instanceType);
  if (limits === undefined)
    throw new SimFault('InvalidInstanceType', `The instance type '${request.instanceType}' does not exist`);
  const { secondaryCount = 0 } = request;
  if (secondaryCount + 1 > limits.ipv4PerEni)
    throw new SimFault(
      'PrivateIpAddressLimitExceeded',
      `${request.instanceType} holds ${limits.ipv4PerEni} addresses on one network interface`,
    );
  const eni = createEni(state, {
    subnetId: subnet.id,
    secondaryCount,
    ...(request.securityGroups === undefined ? {} : { securityGroups: request.securityGroups }),
  });
  const instance: SimInstance = {
    id: state.ids.next('i'),
    name: request.name,
    instanceType: request.instanceType,
    subnetId: subnet.id,
    tags: { Name: request.name, ...request.tags },
    launchedAt: state.now(),
  };
  state.instances.set(instance.id, instance);
  state.enisByInstance.set(instance.id, new Set());
  const attachment = beginAttach(state, { eniId: eni.id, instanceId: instance.id, deviceIndex: 0 });
  setDeleteOnTermination(state, { eniId: eni.id, attachmentId: attachment.id, value: true });
  completeAttach(state, attachment.id);
  return instance;
}

/** Ends an instance: ENIs marked for it go with it, the others become available. */
export function terminateInstance(state: VpcState, instanceId: string): void {
  const instance = needInstance(state, instanceId);
  const enis = enisOf(state, instanceId).filter(isAttached);
  for (const eni of enis) {
    const available = dropAttachment(state, eni);
    if (eni.attachment.deleteOnTermination) deleteEni(state, eni.id);
    if (eni.attachment.state === 'attached') state.emit({ kind: 'eni-detached', eni: available, instanceId });
  }
  state.instances.delete(instanceId);
  state.enisByInstance.delete(instanceId);
  state.emit({ kind: 'instance-terminated', instance });
}
