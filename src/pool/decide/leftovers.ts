import type { PoolCidr, PoolEni } from '../model/types.ts';
import { countedKinds, type DecideInput } from './input.ts';

/** Reports whether nothing at all is the matter with any address of a CIDR, so that it can go. */
export const isUnused = (cidr: PoolCidr): boolean => cidr.uses.size === 0 && !cidr.releasing;

/** Reports whether a CIDR is one nobody will be given: of the other mode, or on an ENI that takes no new pods. */
const isSuperseded = (input: DecideInput, eni: PoolEni, { kind }: PoolCidr): boolean =>
  kind !== 'ipv6-prefix' && (eni.service !== 'pods' || !countedKinds(input.targets).includes(kind));

/** CIDRs nobody will be given, as far as they are free. They go whatever the targets say. */
export function leftoversOf(input: DecideInput, eni: PoolEni): readonly PoolCidr[] {
  return [...eni.cidrs.values()].filter((cidr) => isUnused(cidr) && isSuperseded(input, eni, cidr));
}

/**
 * Reports whether slots of an ENI become free soon, because what is left over in them goes back. Not while giving back
 * fails: pods must not wait for that.
 */
export function isClearing(input: DecideInput, eni: PoolEni): boolean {
  const { permits, holds, nowMs } = input;
  const goes = permits.shrink && holds.shrinkUntilMs <= nowMs;
  return [...eni.cidrs.values()].some(
    (cidr) => isSuperseded(input, eni, cidr) && (cidr.releasing || (goes && isUnused(cidr))),
  );
}
