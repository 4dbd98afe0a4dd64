import type { PoolAction } from '../model/types.ts';
import { planGrowth } from './growth.ts';
import { cardFigures, type DecideInput } from './input.ts';
import { nextEniAge, planShrink, type Shrink } from './shrink.ts';

/** The actions due now, and when time alone will make the next decision differ (monotonic ms). */
export interface Decision {
  readonly actions: readonly PoolAction[];
  readonly wakeAtMs: number | undefined;
  /** Something could be given back and is kept for a moment: the time this began is the next `gatheringSinceMs`. */
  readonly gathering: boolean;
}

/** How often a pass looks whether subnets that had no room may be asked again. Costs no EC2 call by itself. */
const SUBNET_RECHECK_MS = 30_000;

const NO_SHRINK: Shrink = { actions: [], gathering: false };

/** The earliest end of a cooldown. */
function nextCooldownEnd({ view }: DecideInput): number | undefined {
  let first: number | undefined;
  for (const eni of view.enis.values())
    for (const cidr of eni.cidrs.values())
      for (const use of cidr.uses.values())
        if (use.kind === 'cooldown' && (first === undefined || use.untilMs < first)) first = use.untilMs;
  return first;
}

/**
 * What to ask EC2 for now. The daemon, the tests and the capacity simulation run this same function. Growth and shrink
 * never come together; when nothing can be done, nothing is returned, and only `wakeAtMs` or an event asks again: a full
 * node rests. Cooldowns that have run out must have been ended before.
 */
export function decide(input: DecideInput): Decision {
  const { nowMs, holds, permits } = input;
  const cards = cardFigures(input);
  const growth = permits.grow ? planGrowth(input, cards) : [];
  const { actions: shrink, gathering } = growth.length > 0 || !permits.shrink ? NO_SHRINK : planShrink(input, cards);
  const growHeld = growth.length > 0 && holds.growthUntilMs > nowMs;
  const shrinkHeld = shrink.length > 0 && holds.shrinkUntilMs > nowMs;
  const times = [
    growHeld ? holds.growthUntilMs : undefined,
    shrinkHeld ? holds.shrinkUntilMs : undefined,
    ...(holds.newEniUntilMs?.values() ?? []),
    nextEniAge(input),
    // A subnet's room comes back by itself, and nobody tells.
    growth.length === 0 && input.fragmented.size + input.full.size > 0 ? nowMs + SUBNET_RECHECK_MS : undefined,
    nextCooldownEnd(input),
  ].filter((time) => time !== undefined && time > nowMs);
  return {
    actions: growHeld || shrinkHeld ? [] : [...growth, ...shrink],
    wakeAtMs: times.length === 0 ? undefined : Math.min(...times.map(Number)),
    gathering,
  };
}
