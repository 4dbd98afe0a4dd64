import type { PoolLimits, PoolMode, PoolView } from '../model/types.ts';
import { poolFigures } from './figures.ts';

/** Why no address can be handed out now. */
export type Refusal =
  | { readonly kind: 'growing'; readonly wanted: number }
  | { readonly kind: 'cooldown'; readonly count: number; readonly waitMs: number }
  | { readonly kind: 'full'; readonly attached: number; readonly assigned: number; readonly total: number }
  | { readonly kind: 'short' };

/**
 * The cause a waiting pod is told: growth under way first, then addresses that only rest, then a node that is full for
 * its type; `short` when EC2 must say why it gave nothing.
 */
export function explainRefusal(view: PoolView, limits: PoolLimits, mode: PoolMode, nowMs: number): Refusal {
  const { pending, cooldown, assigned, total } = poolFigures(view, limits, mode);
  if (pending > 0) return { kind: 'growing', wanted: pending };
  const ends: number[] = [];
  const cards = new Set(limits.cards.map(({ card }) => card));
  const enis = [...view.enis.values()].filter(({ card }) => cards.has(card));
  for (const eni of enis)
    for (const cidr of eni.cidrs.values())
      for (const use of cidr.uses.values()) if (use.kind === 'cooldown') ends.push(use.untilMs);
  const slots = limits.cards.reduce((sum, { card, maxEnis }) => {
    const foreign = view.foreign.filter((each) => each.card === card).length;
    return sum + (maxEnis - foreign) * limits.slotsPerEni;
  }, 0);
  const taken = enis.reduce((sum, eni) => sum + eni.cidrs.size, 0);
  const atLimit = total >= limits.maxPods || taken >= slots;
  if (cooldown > 0 && atLimit)
    return { kind: 'cooldown', count: cooldown, waitMs: Math.max(0, Math.ceil(Math.min(...ends) - nowMs)) };
  if (atLimit) return { kind: 'full', attached: enis.length, assigned, total };
  return { kind: 'short' };
}
