import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { items } from '../xml.ts';

export const assignPrivateIpAddresses: Action = (parameters, { vpc }) => {
  parameters.unsupported('Ipv4Prefix', 'Ipv4PrefixCount');
  const eniId = parameters.required('NetworkInterfaceId');
  const addresses = parameters.addresses('PrivateIpAddress');
  const count = parameters.integer('SecondaryPrivateIpAddressCount');
  const allowReassignment = parameters.flag('AllowReassignment') ?? false;
  if (count !== undefined && addresses.length > 0)
    throw new SimFault('InvalidParameterCombination', 'Give either addresses or their number, not both');
  if (count === undefined && addresses.length === 0)
    throw new SimFault('MissingParameter', 'Either addresses or their number must be given');
  return () => {
    const assigned = vpc.assignAddresses(
      count === undefined ? { eniId, addresses, allowReassignment } : { eniId, count },
    );
    return {
      networkInterfaceId: eniId,
      assignedPrivateIpAddressesSet: items(assigned.map((address) => ({ privateIpAddress: address }))),
      return: true,
    };
  };
};

export const unassignPrivateIpAddresses: Action = (parameters, { vpc }) => {
  parameters.unsupported('Ipv4Prefix');
  const eniId = parameters.required('NetworkInterfaceId');
  const addresses = parameters.addresses('PrivateIpAddress');
  if (addresses.length === 0)
    throw new SimFault('MissingParameter', 'The request must contain the parameter PrivateIpAddress');
  return () => {
    vpc.unassignAddresses({ eniId, addresses });
    return { return: true };
  };
};
