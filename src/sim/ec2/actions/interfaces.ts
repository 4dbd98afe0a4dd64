import type { Ipv4Address } from '../../../addr/index.ts';
import { type EniRequest, SimFault, type SimVpc, type Tags } from '../../model/index.ts';
import type { Action } from '../action.ts';
import type { Parameters } from '../parameters.ts';
import { networkInterface } from '../shapes.ts';

export const createNetworkInterface: Action = (parameters, { vpc }) => {
  parameters.unsupported(
    ...['Ipv4Prefix', 'Ipv4PrefixCount', 'Ipv6Prefix', 'Ipv6PrefixCount', 'Ipv6Addresses', 'Ipv6AddressCount'],
    ...['EnablePrimaryIpv6', 'ConnectionTrackingSpecification', 'Operator'],
  );
  const type = parameters.text('InterfaceType') ?? 'interface';
  if (type !== 'interface')
    throw new SimFault('UnsupportedOperation', `The simulator makes no ENI of type ${type} yet`);
  const securityGroups = parameters.list('SecurityGroupId');
  const addresses = readAddresses(parameters);
  const request: EniRequest = {
    subnetId: parameters.required('SubnetId'),
    description: parameters.text('Description') ?? '',
    securityGroups,
    addresses,
    secondaryCount: parameters.integer('SecondaryPrivateIpAddressCount') ?? 0,
    tags: readTagSpecifications(parameters, 'network-interface'),
  };
  const clientToken = parameters.text('ClientToken');
  return () => {
    const eni = vpc.createEni(clientToken === undefined ? request : { ...request, clientToken });
    return { networkInterface: networkInterface(vpc, eni), clientToken };
  };
};

export const deleteNetworkInterface: Action = (parameters, { vpc }) => {
  const eniId = parameters.required('NetworkInterfaceId');
  return () => {
    vpc.deleteEni(eniId);
    return { return: true };
  };
};

export const attachNetworkInterface: Action = (parameters, { vpc, later, attachMs }) => {
  parameters.unsupported('EnaSrdSpecification', 'EnaQueueCount');
  const eniId = parameters.required('NetworkInterfaceId');
  const instanceId = parameters.required('InstanceId');
  parameters.required('DeviceIndex');
  const deviceIndex = parameters.integer('DeviceIndex') ?? 0;
  const networkCardIndex = parameters.integer('NetworkCardIndex') ?? 0;
  return () => {
    const attachment = vpc.beginAttach({ eniId, instanceId, deviceIndex, networkCardIndex });
    later(attachMs, () => vpc.completeAttach(attachment.id));
    return { attachmentId: attachment.id, networkCardIndex };
  };
};

export const detachNetworkInterface: Action = (parameters, { vpc, later, detachMs }) => {
  const attachmentId = parameters.required('AttachmentId');
  const force = parameters.flag('Force') ?? false;
  return () => {
    vpc.beginDetach({ attachmentId, force });
    later(detachMs, () => vpc.completeDetach(attachmentId));
    return { return: true };
  };
};

export const modifyNetworkInterfaceAttribute: Action = (parameters, { vpc }) => {
  parameters.unsupported(
    ...['SourceDestCheck', 'EnaSrdSpecification', 'EnablePrimaryIpv6', 'ConnectionTrackingSpecification'],
    ...['AssociatePublicIpAddress', 'AssociatedSubnetId'],
  );
  const eniId = parameters.required('NetworkInterfaceId');
  const changes = [
    readDeleteOnTermination(parameters, eniId),
    readGroups(parameters, eniId),
    readDescription(parameters, eniId),
  ].filter((change) => change !== undefined);
  const [change, second] = changes;
  if (second !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Only one attribute of a network interface changes at a time');
  if (change === undefined) throw new SimFault('MissingParameter', 'The request names no attribute to change');
  return () => {
    change(vpc);
    return { return: true };
  };
};

type Change = (vpc: SimVpc) => void;

function readDeleteOnTermination(parameters: Parameters, eniId: string): Change | undefined {
  const attachment = parameters.structure('Attachment');
  attachment.unsupported('DefaultEnaQueueCount', 'EnaQueueCount');
  const value = attachment.flag('DeleteOnTermination');
  const attachmentId = attachment.text('AttachmentId');
  if (value === undefined && attachmentId === undefined) return undefined;
  if (value === undefined || attachmentId === undefined)
    throw new SimFault('MissingParameter', 'Attachment needs both AttachmentId and DeleteOnTermination');
  return (vpc) => vpc.setDeleteOnTermination({ eniId, attachmentId, value });
}

function readGroups(parameters: Parameters, eniId: string): Change | undefined {
  const groups = parameters.list('SecurityGroupId');
  return groups.length === 0 ? undefined : (vpc) => void vpc.setSecurityGroups(eniId, groups);
}

function readDescription(parameters: Parameters, eniId: string): Change | undefined {
  const description = parameters.structure('Description').text('Value');
  return description === undefined ? undefined : (vpc) => void vpc.setDescription(eniId, description);
}

/** The addresses asked for by name, the primary one first. */
function readAddresses(parameters: Parameters): readonly Ipv4Address[] {
  const listed = parameters.structures('PrivateIpAddresses').map((entry) => ({
    address: entry.address('PrivateIpAddress'),
    primary: entry.flag('Primary') ?? false,
  }));
  const single = parameters.address('PrivateIpAddress');
  const primaries = [single, ...listed.filter((entry) => entry.primary).map((entry) => entry.address)];
  const [primary, second] = primaries.filter((address) => address !== undefined);
  if (second !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Only one address of a network interface is the primary one');
  const secondaries = listed.flatMap((entry) => (entry.primary || entry.address === undefined ? [] : [entry.address]));
  if (primary === undefined && secondaries.length > 0)
    throw new SimFault('InvalidParameterCombination', 'A list of private addresses must name the primary one');
  return primary === undefined ? [] : [primary, ...secondaries];
}

function readTagSpecifications(parameters: Parameters, expected: string): Tags {
  const tags = parameters.structures('TagSpecification').flatMap((specification) => {
    const type = specification.required('ResourceType');
    if (type !== expected)
      throw new SimFault('InvalidParameterValue', `'${type}' is not a taggable resource type for this request`);
    return specification.structures('Tag').map((tag) => [tag.required('Key'), tag.text('Value') ?? ''] as const);
  });
  return Object.fromEntries(tags);
}
