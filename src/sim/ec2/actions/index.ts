import type { Action } from '../action.ts';
import { assignPrivateIpAddresses, unassignPrivateIpAddresses } from './addresses.ts';
import { describeInstances, describeNetworkInterfaces } from './describe-interfaces.ts';
import {
  describeAvailabilityZones,
  describeInstanceTypes,
  describeSecurityGroups,
  describeSubnets,
  describeVpcs,
} from './describe-network.ts';
import {
  attachNetworkInterface,
  createNetworkInterface,
  deleteNetworkInterface,
  detachNetworkInterface,
  modifyNetworkInterfaceAttribute,
} from './interfaces.ts';
import { createTags, describeTags } from './tags.ts';

/** Every action of EC2's API that the simulator answers, by EC2's name. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['AssignPrivateIpAddresses', assignPrivateIpAddresses],
  ['AttachNetworkInterface', attachNetworkInterface],
  ['CreateNetworkInterface', createNetworkInterface],
  ['CreateTags', createTags],
  ['DeleteNetworkInterface', deleteNetworkInterface],
  ['DescribeAvailabilityZones', describeAvailabilityZones],
  ['DescribeInstances', describeInstances],
  ['DescribeInstanceTypes', describeInstanceTypes],
  ['DescribeNetworkInterfaces', describeNetworkInterfaces],
  ['DescribeSecurityGroups', describeSecurityGroups],
  ['DescribeSubnets', describeSubnets],
  ['DescribeTags', describeTags],
  ['DescribeVpcs', describeVpcs],
  ['DetachNetworkInterface', detachNetworkInterface],
  ['ModifyNetworkInterfaceAttribute', modifyNetworkInterfaceAttribute],
  ['UnassignPrivateIpAddresses', unassignPrivateIpAddresses],
]);

/** The names of those actions. */
export const EC2_ACTIONS: readonly string[] = [...ACTIONS.keys()];
