import { endCooldowns } from './counts.ts';
import { planGrowth } from './growth.ts';
import { nextEniAge, planShrink } from './shrink.ts';
import type { Decision, PoolLimits, PoolState, PoolTargets } from './types.ts';

/** What a decision is made from. `waiting` pods hold no address yet; a lane held back until a time does nothing before it. */
export interface DecisionInput {
  readonly state: PoolState;
  readonly limits: PoolLimits;
  readonly targets: PoolTargets;
  readonly waiting: number;
  readonly nowMs: number;
  readonly holdGrowthUntilMs: number;
  readonly holdShrinkUntilMs: number;
}

const earliest = (times: readonly (number | undefined)[], nowMs: number): number | undefined => {
  const later = times.filter((time): time is number => time !== undefined && time > nowMs);
  return later.length === 0 ? undefined : Math.min(...later);
};

/**
 * What to ask EC2 for now. The daemon, the tests and the capacity simulation run this same function. Growth and shrink
 * never come together; when nothing can be done, nothing is returned, and only `wakeAtMs` or an event asks again.
 */
export function decide(input: DecisionInput): Decision {
  const { limits, targets, waiting, nowMs } = input;
  const state = endCooldowns(input.state, nowMs);
  const growth = planGrowth(state, limits, targets, waiting);
  const shrink = growth.length > 0 || waiting > 0 ? [] : planShrink(state, limits, targets, nowMs);
  const growHeld = growth.length > 0 && input.holdGrowthUntilMs > nowMs;
  const shrinkHeld = shrink.length > 0 && input.holdShrinkUntilMs > nowMs;
  const cooldowns = state.enis.flatMap((eni) =>
    eni.addresses.flatMap(({ use }) => (use.kind === 'cooldown' ? [use.untilMs] : [])),
  );
  return {
    actions: growHeld || shrinkHeld ? [] : [...growth, ...shrink],
    wakeAtMs: earliest(
      [
        growHeld ? input.holdGrowthUntilMs : undefined,
        shrinkHeld ? input.holdShrinkUntilMs : undefined,
        nextEniAge(state, nowMs),
        ...cooldowns,
      ],
      nowMs,
    ),
  };
}
