import type { Clock } from '../../sys/index.ts';
import { createSimClock, parseDuration, parseTime, type SimClock } from '../clock/index.ts';
import { createChance } from '../dials/index.ts';
import type { Scenario, Span } from './scenario.ts';

/** The clock of a scenario over another one: set, moved ahead or back, and stopped, as the scenario says. */
export function clockOf({ clock: plan = {} }: Scenario, base: Clock): SimClock {
  const clock = createSimClock(base);
  const at = parseTime(plan.at ?? '');
  if (at !== undefined) clock.setTime(at);
  clock.advance(parseDuration(plan.ahead ?? '') ?? 0);
  const behind = parseDuration(plan.behind ?? '');
  if (behind !== undefined) clock.setTime(clock.now() - behind);
  if (plan.stopped === true) clock.setTicking(false);
  return clock;
}

/** How long attaches and detaches take. A range is drawn from anew for each of them; equal seeds draw equally. */
export function spansOf({ times = {}, seed = 1 }: Scenario): {
  readonly attachMs?: () => number;
  readonly detachMs?: () => number;
} {
  const chance = createChance(seed);
  const drawn = (span: Span) => () => {
    const [least, most] = typeof span === 'number' ? [span, span] : span;
    return Math.round(least + (most - least) * chance());
  };
  return {
    ...(times.attachMs === undefined ? {} : { attachMs: drawn(times.attachMs) }),
    ...(times.detachMs === undefined ? {} : { detachMs: drawn(times.detachMs) }),
  };
}
