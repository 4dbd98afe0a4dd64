import { HostError } from '../../errors/index.ts';
import type { Dial } from '../../sim/index.ts';
import type { DialOptions } from './dial.ts';

/**
 * The dial the options describe, as the simulator reads it: it checks every value and names all that is wrong. Throws
 * `USAGE` for what is no number where one is needed.
 */
export function parseDialOptions(action: string, options: DialOptions): Dial {
  const { error, deny, throttle, delay, bucket, lost, garble, lag, stale, times, probability } = options;
  const fields = {
    action,
    error,
    denied: deny,
    throttled: throttle,
    delay,
    bucket: bucket === undefined ? undefined : bucketOf(bucket),
    lost,
    garble,
    lagMs: numberOf('--lag', lag),
    stale,
    times: numberOf('--times', times),
    probability: numberOf('--probability', probability),
  };
  if (Object.values(fields).filter((value) => value !== undefined).length === 1)
    throw new HostError('USAGE', {
      reason: 'a dial needs one of --error, --deny, --throttle, --delay, --bucket, --lost, --garble, --lag, --stale',
    });
  // The words of --delay and the kinds of --garble and --stale are the simulator's to judge.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as Dial;
}

/** Milliseconds, or a range of them: `1500`, `6000-10000`. Throws `USAGE`. */
export function parseSpan(words: string | undefined): number | readonly [number, number] {
  const [, least, most] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(words ?? '') ?? [];
  if (least === undefined)
    throw new HostError('USAGE', { reason: `a time is milliseconds such as 1500 or 6000-10000, not "${words ?? ''}"` });
  return most === undefined ? Number(least) : [Number(least), Number(most)];
}

function bucketOf(words: string): { readonly size: number; readonly perSecond: number } {
  const [, size, perSecond] = /^(\d{1,7})\/(\d{1,7}(?:\.\d{1,3})?)$/.exec(words) ?? [];
  if (size === undefined || perSecond === undefined)
    throw new HostError('USAGE', { reason: `--bucket needs size/rate such as 100/5, not "${words}"` });
  return { size: Number(size), perSecond: Number(perSecond) };
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text))
    throw new HostError('USAGE', { reason: `${option} needs a number, not "${text}"` });
  return Number(text);
}
