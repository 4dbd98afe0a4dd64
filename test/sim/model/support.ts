import { parseIpv4, parseIpv4Cidr } from '../../../src/addr/index.ts';
import { SimFault, SimVpc } from '../../../src/sim/model/index.ts';

/** A VPC with one /24 in each of two zones, at a time that stands still unless a clock is given. */
export function smallVpc(clock: { now(): number } = { now: () => 1_700_000_000_000 }): SimVpc {
  return new SimVpc({
    now: () => clock.now(),
    subnets: [
      { cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: 'us-east-1a', tags: { tier: 'pods' } },
      { cidr: parseIpv4Cidr('10.0.2.0/28'), availabilityZone: 'us-east-1b' },
    ],
  });
}

/** The id of the subnet with this index. */
export function subnetId(vpc: SimVpc, index = 0): string {
  return vpc.subnets()[index]?.id ?? '';
}

/** The code of the fault `run` ends with, or `none`. */
export function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SimFault) return error.code;
    throw error;
  }
  return 'none';
}

export const ip = parseIpv4;
