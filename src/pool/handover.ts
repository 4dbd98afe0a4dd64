import { askedFor, nicName } from '../cniproto/index.ts';
import type { KnownEni } from './journal/memory.ts';
import { sameOwner } from './model/allocations.ts';
import { keysAround } from './model/range.ts';
import type { Orphan, Owner, PodAddress } from './model/types.ts';

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
 * Upstream has a checkpoint for each network card, in the order of the cards here, and one key for all interfaces of a pod:
 * the second card that knows a pod holds its second interface. Ours has a key for each.
 */
export function joinCards(cards: readonly (readonly Orphan[])[]): readonly Orphan[] {
  return cards.flatMap((allocations, at) =>
    allocations.map((allocation) => {
      const { owner } = allocation;
      const index = cards.slice(0, at).filter((before) => before.some((each) => sameOwner(each.owner, owner))).length;
      return index === 0 ? allocation : { ...allocation, owner: { ...owner, ifName: nicName(index) } };
    }),
  );
}

/** An allocation under upstream's key, with the number of its pod's interfaces. */
export interface CardEntry extends Orphan {
  readonly interfaces: number;
}

/** The way back: what goes into the checkpoint of each card; of an address on no known ENI, that of the first card. */
export function splitCards(
  ours: readonly Orphan[],
  enis: readonly Pick<KnownEni, 'facts' | 'cidrs'>[],
): ReadonlyMap<number, readonly CardEntry[]> {
  const cards = new Map(enis.flatMap(({ facts, cidrs }) => cidrs.map((cidr) => [cidr, facts.card])));
  const cardOf = (address: PodAddress): number => keysAround(address).flatMap((key) => cards.get(key) ?? [])[0] ?? 0;
  const entries = ours.map((each) => ({ ...each, owner: askedFor(each.owner) }));
  return Map.groupBy(
    entries.map((each) => ({
      ...each,
      interfaces: entries.filter(({ owner }) => sameOwner(owner, each.owner)).length,
    })),
    ({ address }) => cardOf(address),
  );
}

/**
 * The allocations to hand to another ipamd: without those whose DEL came meanwhile, and each address once, for upstream
 * ends at the second. The first in the list is the one that EC2 confirms.
 */
export function exportAllocations(ours: readonly Orphan[], gone: readonly Owner[]): readonly Orphan[] {
  const seen = new Set<string>();
  return ours.filter(({ address, owner }) => {
    if (seen.has(address) || gone.some((other) => sameOwner(other, askedFor(owner)))) return false;
    seen.add(address);
    return true;
  });
}
