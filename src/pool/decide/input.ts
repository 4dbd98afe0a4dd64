import type { PoolCidr, PoolLimits, PoolTargets, PoolView } from '../model/types.ts';
import { type Figures, figuresOf, kindsOf } from './figures.ts';

/** What a decision is made from. */
export interface DecideInput {
  readonly view: PoolView;
  readonly limits: PoolLimits;
  readonly targets: PoolTargets;
  /** Pods that hold no address yet, of whatever card. */
  readonly waiting: number;
  /** Addresses that pods with several NICs wait for, of this very card each. */
  readonly waitingOn?: ReadonlyMap<number, number> | undefined;
  readonly nowMs: number;
  /** Since when decisions have kept back what could go, so that more goes with it (monotonic). */
  readonly gatheringSinceMs?: number | undefined;
  /** A lane held back until a time (monotonic) does nothing before it. */
  readonly holds: {
    readonly growthUntilMs: number;
    readonly shrinkUntilMs: number;
    /** By network card: no ENI is made there before, for EC2 has no slot. */
    readonly newEniUntilMs?: ReadonlyMap<number, number>;
  };
  /** What the operator lets the node do; a node that takes no pods neither grows nor frees ENIs. */
  readonly permits: { readonly grow: boolean; readonly shrink: boolean; readonly freeEnis: boolean };
  /** A slot of card 0 kept for a trunk that is not there yet. */
  readonly trunkReserve: 0 | 1;
  /** Subnets EC2 found no free /28 in lately. */
  readonly fragmented: ReadonlySet<string>;
  /** Whether a new ENI would lie in such a subnet. */
  readonly newEniFragmented: boolean;
  /** Subnets EC2 found no free address in lately: they are asked for nothing until they have rested. */
  readonly full: ReadonlySet<string>;
  /** Whether a new ENI would lie in such a subnet. */
  readonly newEniFull: boolean;
}

/**
 * The cards that pods get addresses of. One that carries nothing but EFA-only interfaces is left to those who made it so,
 * as is one whose every slot is somebody else's.
 */
export function cardsOf(
  limits: Pick<PoolLimits, 'cards'>,
  view: Pick<PoolView, 'enis' | 'foreign'>,
): readonly number[] {
  const ours = new Set([...view.enis.values()].map(({ card }) => card));
  return limits.cards.flatMap(({ card, maxEnis }) => {
    const others = view.foreign.filter((each) => each.card === card);
    const isTheirs = others.some(({ why }) => why === 'efa-only') || others.length >= maxEnis;
    return card === 0 || ours.has(card) || !isTheirs ? [card] : [];
  });
}

/** Reports whether no ENI may be made on a card for a while. */
export const hasNoSlot = ({ holds, nowMs }: DecideInput, card: number): boolean =>
  (holds.newEniUntilMs?.get(card) ?? 0) > nowMs;

/** Reports whether any pod waits for an address. */
export const arePodsWaiting = ({ waiting, waitingOn }: DecideInput): boolean =>
  waiting > 0 || [...(waitingOn?.values() ?? [])].some((count) => count > 0);

/** Targets of a card beyond the first: one address, and one more than is used (ipamd reference §2.1). */
export function targetsOf(targets: PoolTargets, card: number): PoolTargets {
  return card === 0 ? targets : { ...targets, warmEni: 0, warmPrefix: 0, warmIp: 1, minimumIp: 1 };
}

/**
 * The CIDRs that count towards the targets. In prefix mode single addresses do so only where they may be taken by
 * choice; else they are left over from another mode, and go.
 */
export function countedKinds(targets: PoolTargets): readonly PoolCidr['kind'][] {
  return targets.mode === 'prefix' && !targets.fallbackToAddresses ? ['prefix'] : kindsOf(targets.mode);
}

/** A card with its figures, counted once for all parts of a decision. */
export interface CardFigures {
  readonly card: number;
  readonly figures: Figures;
}

/** The figures of every card, over the CIDRs that count. */
export function cardFigures({ view, limits, targets }: DecideInput): readonly CardFigures[] {
  const kinds = countedKinds(targets);
  return cardsOf(limits, view).map((card) => ({ card, figures: figuresOf(view, card, kinds) }));
}
