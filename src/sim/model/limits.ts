import { type InstanceLimits, limitsOf, supportsIpv6 } from '../../vpc/index.ts';
import { SimFault } from './fault.ts';
import { needInstance, type VpcState } from './state.ts';
import type { SimEni } from './types.ts';

/** An ENI that hangs on no instance may hold what the largest instance type could. */
const UNATTACHED_LIMIT = 64;

/** What an ENI holds by count: an address and a prefix take one slot each, the families have slots of their own. */
export interface Slots {
  readonly ipv4: number;
  readonly ipv6: number;
  /** Prefixes of either family. */
  readonly prefixes: number;
}

/** The slots an ENI uses. */
export function slotsOf(eni: Pick<SimEni, 'addresses' | 'prefixes' | 'ipv6Addresses' | 'ipv6Prefixes'>): Slots {
  return {
    ipv4: eni.addresses.length + eni.prefixes.length,
    ipv6: eni.ipv6Addresses.length + eni.ipv6Prefixes.length,
    prefixes: eni.prefixes.length + eni.ipv6Prefixes.length,
  };
}

/** Throws unless the ENI may hold `more` where it hangs now. */
export function needRoom(state: VpcState, eni: SimEni, more: Partial<Slots>): void {
  const { ipv4, ipv6, prefixes } = slotsOf(eni);
  const { attachment } = eni;
  needSlots(attachment && limitsOf(needInstance(state, attachment.instanceId).instanceType), {
    ipv4: ipv4 + (more.ipv4 ?? 0),
    ipv6: ipv6 + (more.ipv6 ?? 0),
    prefixes: prefixes + (more.prefixes ?? 0),
  });
}

/**
 * Throws unless an ENI of an instance type may hold `slots`; with no type, unless any could. At launch EC2 has a code of
 * its own for too many addresses.
 */
export function needSlots(limits: InstanceLimits | undefined, slots: Slots, at: 'launch' | 'run' = 'run'): void {
  const limit = limits?.ipv4PerEni ?? UNATTACHED_LIMIT;
  const type = limits?.instanceType ?? 'a network interface that is not attached';
  if (limits !== undefined && slots.prefixes > 0 && !(limits.hypervisor === 'nitro' || limits.bareMetal))
    throw new SimFault(
      'InvalidParameterValue',
      `${type} does not support prefixes: it is neither nitro nor bare metal`,
    );
  if (slots.ipv4 > limit)
    throw new SimFault(
      at === 'launch' ? 'InvalidInterface.IpAddressLimitExceeded' : 'PrivateIpAddressLimitExceeded',
      `Number of private addresses will exceed limit: ${slots.ipv4} addresses and prefixes, limit ${limit} for ${type}`,
    );
  if (limits !== undefined && slots.ipv6 > 0 && !supportsIpv6(limits.instanceType))
    throw new SimFault('InvalidParameterValue', `${type} does not support IPv6`);
  if (slots.ipv6 > limit)
    throw new SimFault(
      'Ipv6AddressLimitExceeded',
      `Number of IPv6 addresses will exceed limit: ${slots.ipv6} addresses and prefixes, limit ${limit} for ${type}`,
    );
}

/** Throws unless `count` is a whole number above zero. */
export function needCount(count: number, what: string): void {
  if (!Number.isInteger(count) || count < 1)
    throw new SimFault('InvalidParameterValue', `The number of ${what} must be at least 1, not ${count}`);
}
