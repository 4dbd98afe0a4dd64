import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { attachmentOf, groupSet, networkInterface } from '../shapes/index.ts';
import { readAddressing, readTagSpecifications } from './requests.ts';

const INTERFACE_TYPES = ['interface', 'trunk', 'branch', 'efa', 'efa-only'] as const;

/** Makes an ENI that hangs on nothing; the same client token makes no second one. */
export const createNetworkInterface: Action = (parameters, { vpc }) => {
  const token = parameters.clientToken();
  const request = {
    subnetId: parameters.requiredId('SubnetId', 'subnet'),
    description: parameters.text('Description') ?? '',
    securityGroups: parameters.ids('SecurityGroupId', 'security-group'),
    interfaceType: parameters.choice('InterfaceType', INTERFACE_TYPES) ?? 'interface',
    tags: readTagSpecifications(parameters, ['network-interface'])('network-interface'),
    ...readAddressing(parameters),
    ...(token === undefined ? {} : { clientToken: token }),
  };
  return () => {
    const eni = vpc.createEni(request);
    // It is not available yet when EC2 answers (API reference, CreateNetworkInterface).
    return { networkInterface: { ...networkInterface(vpc, eni), status: 'pending' }, clientToken: token };
  };
};

/** Deletes an ENI that hangs on nothing. */
export const deleteNetworkInterface: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  return () => {
    vpc.deleteEni(eniId);
    return { return: true };
  };
};

/** Begins to attach an ENI, which is over some time after the answer. */
export const attachNetworkInterface: Action = (parameters, { vpc, later, attachMs }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  const instanceId = parameters.requiredId('InstanceId', 'instance');
  parameters.required('DeviceIndex');
  const deviceIndex = parameters.integer('DeviceIndex') ?? 0;
  const networkCardIndex = parameters.integer('NetworkCardIndex') ?? 0;
  return () => {
    const attachment = vpc.beginAttach({ eniId, instanceId, deviceIndex, networkCardIndex });
    later(attachMs, () => vpc.completeAttach(attachment.id));
    return { attachmentId: attachment.id, networkCardIndex };
  };
};

/** Begins to detach an ENI, which is free some time after the answer. */
export const detachNetworkInterface: Action = (parameters, { vpc, later, detachMs }) => {
  const attachmentId = parameters.requiredId('AttachmentId', 'attachment');
  const force = parameters.flag('Force') ?? false;
  return () => {
    vpc.beginDetach({ attachmentId, force });
    later(detachMs, () => vpc.completeDetach(attachmentId));
    return { return: true };
  };
};

/** Changes one attribute of an ENI, as EC2 does: one at a time. */
export const modifyNetworkInterfaceAttribute: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  const attachment = parameters.structure('Attachment');
  const deleteOnTermination = attachment.flag('DeleteOnTermination');
  const attachmentId = attachment.id('AttachmentId', 'attachment');
  const groups = parameters.ids('SecurityGroupId', 'security-group');
  const description = parameters.structure('Description').text('Value');
  const sourceDestCheck = parameters.structure('SourceDestCheck').flag('Value');
  if ((deleteOnTermination === undefined) !== (attachmentId === undefined))
    throw new SimFault('MissingParameter', 'Attachment needs both AttachmentId and DeleteOnTermination');
  const changes: (() => unknown)[] = [];
  if (deleteOnTermination !== undefined && attachmentId !== undefined)
    changes.push(() => vpc.setDeleteOnTermination({ eniId, attachmentId, value: deleteOnTermination }));
  if (groups.length > 0) changes.push(() => vpc.setSecurityGroups(eniId, groups));
  if (description !== undefined) changes.push(() => vpc.setDescription(eniId, description));
  if (sourceDestCheck !== undefined) changes.push(() => vpc.setSourceDestCheck(eniId, sourceDestCheck));
  const [change, second] = changes;
  if (second !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Only one attribute of a network interface changes at a time');
  return () => {
    if (change === undefined) throw new SimFault('MissingParameter', 'The request names no attribute to change');
    change();
    return { return: true };
  };
};

const ATTRIBUTES = ['description', 'groupSet', 'sourceDestCheck', 'attachment', 'associatePublicIpAddress'] as const;

/** Shows one attribute of an ENI. */
export const describeNetworkInterfaceAttribute: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  parameters.required('Attribute');
  const attribute = parameters.choice('Attribute', ATTRIBUTES) ?? 'description';
  return () => {
    const eni = vpc.eni(eniId);
    const value = {
      description: { value: eni.description },
      groupSet: groupSet(vpc, eni.securityGroups),
      sourceDestCheck: { value: eni.sourceDestCheck },
      attachment: eni.attachment && attachmentOf(vpc, eni.attachment),
      associatePublicIpAddress: false,
    };
    return { networkInterfaceId: eni.id, [attribute]: value[attribute] };
  };
};
