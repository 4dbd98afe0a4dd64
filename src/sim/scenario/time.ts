import type { Clock } from '../../sys/index.ts';
import { createSimClock, parseDuration, parseTime, type SimClock } from '../clock/index.ts';
import { createChance } from '../dials/index.ts';
import type { Scenario, Span } from './scenario.ts';

/** The clock of a scenario over another one: set, moved ahead or back, and stopped, as the scenario says. */
export function clockOf({ clock: plan = {} }: Scenario, base: Clock): SimClock {
  const clock = createSimClock(base);
  // Before it is set: it then shows exactly what it is set to.
  if (plan.stopped === true) clock.setTicking(false);
  const at = parseTime(plan.at ?? '');
  if (at !== undefined) clock.setTime(at);
  clock.advance(parseDuration(plan.ahead ?? '') ?? 0);
  const behind = parseDuration(plan.behind ?? '');
  if (behind !== undefined) clock.setTime(clock.now() - behind);
  return clock;
}

/** How long attaches and detaches take, in milliseconds or a range of them. */
export interface AttachSpans {
  readonly attachMs: Span;
  readonly detachMs: Span;
}

/** Draws how long each attach and each detach takes, and lets that be changed: for those that begin afterwards. */
export interface AttachTimes {
  readonly attachMs: () => number;
  readonly detachMs: () => number;
  readonly spans: () => AttachSpans;
  /** What is left out stays. */
  readonly set: (spans: Partial<AttachSpans>) => void;
}

/** As the scenario says, or else as the VPC has it. A range is drawn from anew each time; equal seeds draw equally. */
export function attachTimes({ times = {}, seed = 1 }: Scenario, otherwise: AttachSpans): AttachTimes {
  const chance = createChance(seed);
  let spans: AttachSpans = {
    attachMs: times.attachMs ?? otherwise.attachMs,
    detachMs: times.detachMs ?? otherwise.detachMs,
  };
  const drawn = (span: Span): number => {
    const [least, most] = typeof span === 'number' ? [span, span] : span;
    return Math.round(least + (most - least) * chance());
  };
  return {
    attachMs: () => drawn(spans.attachMs),
    detachMs: () => drawn(spans.detachMs),
    spans: () => spans,
    set: (changed) => {
      spans = { ...spans, ...changed };
    },
  };
}
