import type { Ec2Action } from './types.ts';

/** A token bucket of EC2: how many requests at once, and how fast they come back. */
export interface Rate {
  readonly size: number;
  readonly perSecond: number;
}

const DESCRIBE: Rate = { size: 100, perSecond: 20 };
const ADDRESSING: Rate = { size: 100, perSecond: 5 };
const MUTATING: Rate = { size: 50, perSecond: 5 };

/**
 * What EC2 grants an account in a region for each action (EC2 developer guide, "Request throttling for the Amazon EC2
 * API", as of 2025). All nodes share it, so this is only the most one process can ever use; what it gets is found out by
 * being throttled.
 */
export const RATES: Readonly<Record<Ec2Action, Rate>> = {
  AssignIpv6Addresses: ADDRESSING,
  AssignPrivateIpAddresses: ADDRESSING,
  AttachNetworkInterface: MUTATING,
  CreateNetworkInterface: ADDRESSING,
  CreateTags: { size: 100, perSecond: 10 },
  DeleteNetworkInterface: ADDRESSING,
  DescribeInstanceTypes: DESCRIBE,
  DescribeNetworkInterfaces: DESCRIBE,
  DescribeSubnets: DESCRIBE,
  DetachNetworkInterface: MUTATING,
  ModifyNetworkInterfaceAttribute: ADDRESSING,
  UnassignIpv6Addresses: MUTATING,
  UnassignPrivateIpAddresses: ADDRESSING,
};
