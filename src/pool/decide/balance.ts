import type { PoolLimits, PoolTargets, PoolView } from '../model/types.ts';
import { figuresOf, kindsOf, wantedFree, warmIpMode } from './figures.ts';

/** What the targets ask for on card 0, and how far the pool is from it; all in addresses. */
export interface TargetBalance {
  /** Free addresses wanted at hand, for pods to come and for pods that wait. */
  readonly wantedFree: number;
  readonly free: number;
  readonly pending: number;
  /** Missing and possible: what growth is after. */
  readonly short: number;
  /** Missing, but no pod could use it: the node has as many addresses as pods may run. */
  readonly beyondMaxPods: number;
}

/** The targets against reality. `undefined` with a /80, of whose addresses there is no end. */
export function targetBalance(
  view: PoolView,
  options: { readonly limits: PoolLimits; readonly targets: PoolTargets; readonly waiting: number },
): TargetBalance | undefined {
  const { limits, targets, waiting } = options;
  if (targets.mode === 'ipv6') return undefined;
  const { total, free, pending } = figuresOf(view, 0, kindsOf(targets.mode));
  const wanted = wantedFree(targets, limits.slotsPerEni, waiting);
  const floor = warmIpMode(targets) ? targets.minimumIp - total - pending : 0;
  const missing = Math.max(0, wanted - free - pending, floor);
  const short = Math.min(missing, Math.max(0, limits.maxPods - total - pending));
  return { wantedFree: wanted, free, pending, short, beyondMaxPods: missing - short };
}
