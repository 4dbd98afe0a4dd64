import { countPool } from './counts.ts';
import type { PoolLimits, PoolState } from './types.ts';

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
export function explainRefusal(state: PoolState, limits: PoolLimits, nowMs: number): Refusal {
  const { pending, cooldown, assigned, total } = countPool(state);
  if (pending > 0) return { kind: 'growing', wanted: pending };
  const ends = state.enis.flatMap((eni) =>
    eni.addresses.flatMap(({ use }) => (use.kind === 'cooldown' ? [use.untilMs] : [])),
  );
  const atLimit =
    total >= limits.maxPods || total >= (limits.maxEnis - state.foreignDevices.length) * limits.addressesPerEni;
  if (cooldown > 0 && atLimit)
    return { kind: 'cooldown', count: cooldown, waitMs: Math.max(0, Math.min(...ends) - nowMs) };
  if (atLimit) return { kind: 'full', attached: state.enis.length, assigned, total };
  return { kind: 'short' };
}
