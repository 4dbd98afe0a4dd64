import { delayProblem, parseDelay } from './delay.ts';
import type { BucketSize, Delay, Dial, Garble, Stale } from './dial.ts';

const STALES: readonly Stale[] = ['missing-eni', 'missing-prefix', 'missing-address', 'deleted-eni'];
/** Actions whose answers lag behind in EC2, and here. */
const READS = ['IMDS', '*', 'DescribeInstances', 'DescribeNetworkInterfaces'];
const GARBLES: readonly Garble[] = ['xml', 'empty', 'types'];
const REFUSALS = ['error', 'denied', 'throttled', 'lost', 'garble'] as const;
const EFFECTS = [...REFUSALS, 'delay', 'bucket', 'lagMs', 'stale'] as const;
const KEYS: readonly string[] = ['action', ...EFFECTS, 'times', 'probability'];
/** Ten minutes: the past of an ENI is kept no longer. */
export const MAX_LAG_MS = 600_000;
const MAX_TIMES = 1_000_000;

/** A dial, or every reason why the value is none. */
export type ParsedDial =
  | { readonly kind: 'dial'; readonly dial: Dial }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/**
 * Reads a dial from outside, with `actions` as the EC2 actions there are. A delay may also come in the words of the
 * command line (`50-300`).
 */
export function parseDial(value: unknown, actions: readonly string[]): ParsedDial {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'problems', problems: ['a dial is an object with an action and what it does'] };
  const fields = value as Readonly<Record<string, unknown>>;
  const problems = [...problemsOfKeys(fields), ...problemsOfAction(fields, actions), ...problemsOfValues(fields)];
  const delay = delayOf(fields['delay']);
  if (typeof delay === 'string') problems.push(delay);
  if (problems.length > 0) return { kind: 'problems', problems };
  const given = Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined));
  return { kind: 'dial', dial: { ...given, ...(delay === undefined ? {} : { delay }) } as unknown as Dial };
}

function problemsOfKeys(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const has = (key: string): boolean => fields[key] !== undefined;
  const unknown = Object.keys(fields).filter((key) => !KEYS.includes(key));
  const refusals = REFUSALS.filter(has);
  return [
    ...(unknown.length === 0 ? [] : [`unknown: ${unknown.join(', ')}; a dial has ${KEYS.join(', ')}`]),
    ...(EFFECTS.some(has) ? [] : [`a dial needs at least one of ${EFFECTS.join(', ')}`]),
    ...(refusals.length > 1 ? [`only one of ${refusals.join(', ')} can happen to a request`] : []),
    ...(has('bucket') && (has('times') || has('probability'))
      ? ['a bucket counts every request, so it takes neither times nor probability']
      : []),
  ];
}

function problemsOfAction(fields: Readonly<Record<string, unknown>>, actions: readonly string[]): readonly string[] {
  const { action, error, garble, lagMs, stale } = fields;
  if (typeof action !== 'string' || action === '')
    return ['action must be the name of an EC2 action, "IMDS", or "*" for every EC2 action'];
  if (action !== 'IMDS' && action !== '*' && !actions.includes(action))
    return [`there is no action ${shown(action)}; use "IMDS", "*" or one of ${[...actions].sort().join(', ')}`];
  const reads = READS.includes(action) || (lagMs === undefined && stale === undefined);
  const code = action === 'IMDS' ? /^[45]\d\d$/ : /^[A-Za-z][A-Za-z0-9.]{0,99}$/;
  return [
    ...(action === 'IMDS' && garble !== undefined ? ['garble spoils answers of EC2, not of IMDS'] : []),
    ...(reads ? [] : [`lagMs and stale change only the answers of ${READS.join(', ')}, not of ${action}`]),
    ...(error === undefined || (typeof error === 'string' && code.test(error))
      ? []
      : [
          `error must be ${action === 'IMDS' ? 'an HTTP status from 400 to 599' : 'an EC2 error code'}, not ${shown(error)}`,
        ]),
  ];
}

function problemsOfValues(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const { bucket, garble, lagMs, stale, times, probability } = fields;
  const flags = (['denied', 'throttled', 'lost'] as const).filter(
    (key) => fields[key] !== undefined && fields[key] !== true,
  );
  const within = (value: unknown, least: number, most: number): boolean =>
    value === undefined || (typeof value === 'number' && value >= least && value <= most);
  return [
    ...flags.map((key) => `${key} is true or left out, not ${shown(fields[key])}`),
    ...(bucket === undefined || isBucket(bucket)
      ? []
      : [
          `bucket must be { size, perSecond }: a whole size of at least 1 and a rate of at least 0, not ${shown(bucket)}`,
        ]),
    ...(within(lagMs, 0, MAX_LAG_MS) ? [] : [`lagMs is 0 to ${MAX_LAG_MS}, not ${shown(lagMs)}`]),
    ...(stale === undefined || STALES.some((one) => one === stale)
      ? []
      : [`stale is one of ${STALES.join(', ')}, not ${shown(stale)}`]),
    ...(garble === undefined || GARBLES.some((one) => one === garble)
      ? []
      : [`garble is one of ${GARBLES.join(', ')}, not ${shown(garble)}`]),
    ...(within(times, 1, MAX_TIMES) && Number.isInteger(times ?? 1)
      ? []
      : [`times is a whole number from 1 to ${MAX_TIMES}, not ${shown(times)}`]),
    ...(within(probability, Number.MIN_VALUE, 1)
      ? []
      : [`probability is above 0 and up to 1, not ${shown(probability)}`]),
  ];
}

function delayOf(value: unknown): Delay | string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return parseDelay(value);
  const problem = `delay must be { fixedMs }, { minMs, maxMs }, { p50Ms, p99Ms } or words such as "50-300", not ${shown(value)}`;
  if (typeof value !== 'object' || value === null) return problem;
  const shape = Object.keys(value).sort().join(' ');
  const numbers = Object.values(value).every((one) => typeof one === 'number');
  if (!['fixedMs', 'maxMs minMs', 'p50Ms p99Ms'].includes(shape) || !numbers) return problem;
  const delay = value as Delay;
  return delayProblem(delay) ?? delay;
}

function isBucket(value: unknown): value is BucketSize {
  if (typeof value !== 'object' || value === null) return false;
  const { size, perSecond, ...rest } = value as Readonly<Record<string, unknown>>;
  return (
    Object.keys(rest).length === 0 &&
    typeof size === 'number' &&
    Number.isInteger(size) &&
    size >= 1 &&
    size <= MAX_TIMES &&
    typeof perSecond === 'number' &&
    perSecond >= 0 &&
    perSecond <= MAX_TIMES
  );
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
