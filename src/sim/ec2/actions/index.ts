import type { Action } from '../action.ts';
import * as addresses from './addresses.ts';
import { describeInstances } from './describe-instances.ts';
import { describeNetworkInterfaces } from './describe-interfaces.ts';
import { describeInstanceTypes } from './instance-types.ts';
import * as instances from './instances.ts';
import * as interfaces from './interfaces.ts';
import * as reservations from './reservations.ts';
import { runInstances } from './run-instances.ts';
import * as groups from './security-groups.ts';
import * as rules from './security-rules.ts';
import * as subnets from './subnets.ts';
import * as tags from './tags.ts';
import * as trunks from './trunks.ts';
import * as vpcs from './vpcs.ts';

/** Every action of EC2's API that the simulator answers, by EC2's name. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['AssignIpv6Addresses', addresses.assignIpv6Addresses],
  ['AssignPrivateIpAddresses', addresses.assignPrivateIpAddresses],
  ['AssociateSubnetCidrBlock', subnets.associateSubnetCidrBlock],
  ['AssociateTrunkInterface', trunks.associateTrunkInterface],
  ['AssociateVpcCidrBlock', vpcs.associateVpcCidrBlock],
  ['AttachNetworkInterface', interfaces.attachNetworkInterface],
  ['AuthorizeSecurityGroupEgress', rules.authorizeSecurityGroupEgress],
  ['AuthorizeSecurityGroupIngress', rules.authorizeSecurityGroupIngress],
  ['CreateNetworkInterface', interfaces.createNetworkInterface],
  ['CreateSecurityGroup', groups.createSecurityGroup],
  ['CreateSubnet', subnets.createSubnet],
  ['CreateSubnetCidrReservation', reservations.createSubnetCidrReservation],
  ['CreateTags', tags.createTags],
  ['DeleteNetworkInterface', interfaces.deleteNetworkInterface],
  ['DeleteSecurityGroup', groups.deleteSecurityGroup],
  ['DeleteSubnet', subnets.deleteSubnet],
  ['DeleteSubnetCidrReservation', reservations.deleteSubnetCidrReservation],
  ['DeleteTags', tags.deleteTags],
  ['DescribeAvailabilityZones', vpcs.describeAvailabilityZones],
  ['DescribeInstances', describeInstances],
  ['DescribeInstanceTypes', describeInstanceTypes],
  ['DescribeNetworkInterfaceAttribute', interfaces.describeNetworkInterfaceAttribute],
  ['DescribeNetworkInterfaces', describeNetworkInterfaces],
  ['DescribeSecurityGroupRules', groups.describeSecurityGroupRules],
  ['DescribeSecurityGroups', groups.describeSecurityGroups],
  ['DescribeSubnets', subnets.describeSubnets],
  ['DescribeTags', tags.describeTags],
  ['DescribeTrunkInterfaceAssociations', trunks.describeTrunkInterfaceAssociations],
  ['DescribeVpcs', vpcs.describeVpcs],
  ['DetachNetworkInterface', interfaces.detachNetworkInterface],
  ['DisassociateSubnetCidrBlock', subnets.disassociateSubnetCidrBlock],
  ['DisassociateTrunkInterface', trunks.disassociateTrunkInterface],
  ['DisassociateVpcCidrBlock', vpcs.disassociateVpcCidrBlock],
  ['GetSubnetCidrReservations', reservations.getSubnetCidrReservations],
  ['ModifyInstanceMetadataOptions', instances.modifyInstanceMetadataOptions],
  ['ModifyNetworkInterfaceAttribute', interfaces.modifyNetworkInterfaceAttribute],
  ['ModifySubnetAttribute', subnets.modifySubnetAttribute],
  ['RebootInstances', instances.rebootInstances],
  ['RevokeSecurityGroupEgress', rules.revokeSecurityGroupEgress],
  ['RevokeSecurityGroupIngress', rules.revokeSecurityGroupIngress],
  ['RunInstances', runInstances],
  ['TerminateInstances', instances.terminateInstances],
  ['UnassignIpv6Addresses', addresses.unassignIpv6Addresses],
  ['UnassignPrivateIpAddresses', addresses.unassignPrivateIpAddresses],
]);

/** The names of those actions. */
export const EC2_ACTIONS: readonly string[] = [...ACTIONS.keys()];
