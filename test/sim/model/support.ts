import { parseIpv4, parseIpv4Cidr, parseIpv6, parseIpv6Cidr } from '../../../src/addr/index.ts';
import { SimFault, SimVpc, type SimVpcOptions } from '../../../src/sim/model/index.ts';

/** A VPC with one /24 in each of two zones, at a time that stands still unless a clock is given. */
export function smallVpc(
  clock: { now(): number } = { now: () => 1_700_000_000_000 },
  options: Partial<SimVpcOptions> = {},
): SimVpc {
  return new SimVpc({
    now: () => clock.now(),
    subnets: [
      { cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: 'us-east-1a', tags: { tier: 'pods' } },
      { cidr: parseIpv4Cidr('10.0.2.0/28'), availabilityZone: 'us-east-1b' },
    ],
    ...options,
  });
}

/** The id of the subnet with this index. */
export function subnetId(vpc: SimVpc, index = 0): string {
  return vpc.subnets()[index]?.id ?? '';
}

/** The nth /64 of the VPC's IPv6 block. */
export function block64(vpc: SimVpc, index: number): ReturnType<typeof cidr6> {
  const [hextets] = String(vpc.ipv6Cidrs()[0]?.cidr.address ?? '2001:db8:1:ff00::').split('00::');
  return cidr6(`${hextets}${index.toString(16).padStart(2, '0')}::/64`);
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
export const ip6 = parseIpv6;
export const cidr = parseIpv4Cidr;
export const cidr6 = parseIpv6Cidr;
