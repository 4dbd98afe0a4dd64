import type { Chance } from './chance.ts';
import type { Delay } from './dial.ts';

/** Longer would look like a hang of the simulator itself. */
const MAX_DELAY_MS = 600_000;

/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.326_347_874;

/** One waiting time, in milliseconds; never over ten minutes, however long the tail. */
export function sampleDelay(delay: Delay, chance: Chance): number {
  return Math.min(MAX_DELAY_MS, drawn(delay, chance));
}

function drawn(delay: Delay, chance: Chance): number {
  if ('fixedMs' in delay) return delay.fixedMs;
  if ('minMs' in delay) return delay.minMs + (delay.maxMs - delay.minMs) * chance();
  // Box-Muller; 1 - chance() is never 0, whose logarithm does not exist.
  const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  return delay.p50Ms * Math.exp((Math.log(delay.p99Ms / delay.p50Ms) / Z99) * normal);
}

/** What is wrong with the numbers of a delay, or `undefined`. */
export function delayProblem(delay: Delay): string | undefined {
  const values = Object.values(delay);
  if (values.some((value) => !Number.isFinite(value) || value < 0 || value > MAX_DELAY_MS))
    return `a delay is 0 to ${MAX_DELAY_MS} ms`;
  if ('minMs' in delay && delay.minMs > delay.maxMs) return 'the shortest delay is longer than the longest';
  if ('p50Ms' in delay && (delay.p50Ms <= 0 || delay.p50Ms > delay.p99Ms))
    return 'p50 must be above 0 and not above p99';
  return undefined;
}

const NUMBER = String.raw`(\d{1,6}(?:\.\d{1,3})?)`;
const FIXED = new RegExp(`^${NUMBER}$`);
const UNIFORM = new RegExp(`^${NUMBER}-${NUMBER}$`);
const LOG_NORMAL = new RegExp(`^p50=${NUMBER},p99=${NUMBER}$`);

/** Reads `200`, `50-300` or `p50=80,p99=900`, in milliseconds; a sentence says what is wrong with anything else. */
export function parseDelay(text: string): Delay | string {
  const [, fixed] = FIXED.exec(text) ?? [];
  const [, min, max] = UNIFORM.exec(text) ?? [];
  const [, p50, p99] = LOG_NORMAL.exec(text) ?? [];
  const delay: Delay | undefined =
    fixed !== undefined
      ? { fixedMs: Number(fixed) }
      : min !== undefined
        ? { minMs: Number(min), maxMs: Number(max) }
        : p50 !== undefined
          ? { p50Ms: Number(p50), p99Ms: Number(p99) }
          : undefined;
  if (delay === undefined)
    return `"${text.slice(0, 50)}" is no delay: write "200", "50-300" or "p50=80,p99=900", in milliseconds`;
  return delayProblem(delay) ?? delay;
}

/** The words `parseDelay` reads back. */
export function formatDelay(delay: Delay): string {
  if ('fixedMs' in delay) return `${delay.fixedMs}`;
  return 'minMs' in delay ? `${delay.minMs}-${delay.maxMs}` : `p50=${delay.p50Ms},p99=${delay.p99Ms}`;
}
