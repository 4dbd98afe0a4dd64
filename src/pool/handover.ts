import { sameOwner } from './model/allocations.ts';
import type { Orphan, Owner } from './model/types.ts';

/** How upstream keys pods that were there before its 1.12: it never learned their network and interface. */
const BEFORE_1_12 = { network: '_migrated-from-cri', ifName: 'unknown' } as const;
/** What a runtime calls them in their DEL. */
const USUAL = { network: 'aws-cni', ifName: 'eth0' } as const;

function asCalled(allocation: Orphan): Orphan {
  const { network, ifName } = allocation.owner;
  if (network !== BEFORE_1_12.network || ifName !== BEFORE_1_12.ifName) return allocation;
  return { ...allocation, owner: { ...allocation.owner, ...USUAL } };
}

/**
 * Our allocations when another ipamd's are taken over: all of theirs, under the keys the runtime will use, and of ours
 * from before what claims neither their pods nor their addresses.
 */
export function importAllocations(theirs: readonly Orphan[], ours: readonly Orphan[]): readonly Orphan[] {
  const taken = theirs.map(asCalled);
  return [
    ...taken,
    ...ours.filter(
      ({ owner, address }) => !taken.some((have) => sameOwner(have.owner, owner) || have.address === address),
    ),
  ];
}

/**
 * The allocations to hand to another ipamd: without those whose DEL came meanwhile, and each address once, for upstream
 * ends at the second. The first in the list is the one that EC2 confirms.
 */
export function exportAllocations(ours: readonly Orphan[], gone: readonly Owner[]): readonly Orphan[] {
  const seen = new Set<string>();
  return ours.filter(({ address, owner }) => {
    if (seen.has(address) || gone.some((other) => sameOwner(other, owner))) return false;
    seen.add(address);
    return true;
  });
}
