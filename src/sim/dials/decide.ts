import { type BucketLevel, bucketIn, takeToken } from './buckets.ts';
import type { Chance } from './chance.ts';
import { sampleDelay } from './delay.ts';
import type { BucketMode, Dial, Garble, Stale } from './dial.ts';
import { type DialFault, faultFor, statusFault } from './fault.ts';

/** What is set, and how full the buckets are. */
export interface DialState {
  readonly dials: ReadonlyMap<string, Dial>;
  readonly levels: ReadonlyMap<string, BucketLevel>;
  readonly buckets: BucketMode;
}

/** One request. */
export interface Asked {
  readonly action: string;
  readonly now: number;
  /** Whether it asks what ENIs there are: only then `lagMs` and `stale` have something to change. */
  readonly reads: boolean;
  /** Whether it asks for everything at once, with neither filter nor page: EC2 counts some of those apart. */
  readonly unfiltered: boolean;
}

/** What happens to a request: it waits, is served or refused, and its answer is perhaps old, wrong or lost. */
export interface Decision {
  readonly delayMs: number;
  readonly answer: { readonly kind: 'serve' } | ({ readonly kind: 'fault' } & DialFault);
  readonly lost: boolean;
  readonly garble: Garble | undefined;
  readonly lagMs: number;
  readonly stale: Stale | undefined;
}

/**
 * Decides about one request and says what is set afterwards. The dial of an action goes before that of `*`, which
 * leaves `IMDS` alone. A bucket is asked first; a request it refuses does not count for the dial.
 */
export function decide(
  state: DialState,
  asked: Asked,
  chance: Chance,
): { readonly decision: Decision; readonly state: DialState } {
  const { granted, levels } = takeFrom(state, asked);
  const dial = granted ? strikingDial(state, asked, chance) : undefined;
  return {
    decision: {
      delayMs: dial?.delay === undefined ? 0 : sampleDelay(dial.delay, chance),
      answer: granted ? answerOf(dial, asked) : refuse(asked, 'throttled'),
      lost: dial?.lost === true,
      garble: dial?.garble,
      lagMs: asked.reads ? (dial?.lagMs ?? 0) : 0,
      stale: asked.reads ? dial?.stale : undefined,
    },
    state: { ...state, levels, dials: dial === undefined ? state.dials : countDown(state.dials, dial) },
  };
}

function dialsFor(state: DialState, action: string): readonly Dial[] {
  return [action, ...(action === 'IMDS' ? [] : ['*'])].flatMap((name) => state.dials.get(name) ?? []);
}

function takeFrom(state: DialState, asked: Asked): { readonly granted: boolean; readonly levels: DialState['levels'] } {
  const { action, now } = asked;
  const set = dialsFor(state, action).find((dial) => dial.bucket !== undefined)?.bucket;
  const found = set === undefined ? bucketIn(state.buckets, asked) : { name: action, bucket: set };
  if (found === undefined) return { granted: true, levels: state.levels };
  const { granted, level } = takeToken(state.levels.get(found.name), { bucket: found.bucket, now });
  return { granted, levels: new Map(state.levels).set(found.name, level) };
}

function strikingDial(state: DialState, asked: Asked, chance: Chance): Dial | undefined {
  const [dial] = dialsFor(state, asked.action);
  if (dial === undefined || (!asked.reads && onlyChangesReads(dial))) return undefined;
  return dial.probability === undefined || chance() < dial.probability ? dial : undefined;
}

function onlyChangesReads(dial: Dial): boolean {
  const { error, denied, throttled, delay, lost, garble } = dial;
  return [error, denied, throttled, delay, lost, garble].every((effect) => effect === undefined);
}

function answerOf(dial: Dial | undefined, asked: Asked): Decision['answer'] {
  if (dial?.throttled === true) return refuse(asked, 'throttled');
  if (dial?.denied === true) return refuse(asked, 'denied');
  if (dial?.error === undefined) return { kind: 'serve' };
  return { kind: 'fault', ...(asked.action === 'IMDS' ? statusFault(Number(dial.error)) : faultFor(dial.error)) };
}

/** EC2 user guide, "Use the Instance Metadata Service": 403 when access is off, 503 when to be tried again. */
function refuse({ action }: Asked, how: 'throttled' | 'denied'): Decision['answer'] {
  const fault =
    action === 'IMDS'
      ? statusFault(how === 'throttled' ? 503 : 403)
      : faultFor(how === 'throttled' ? 'RequestLimitExceeded' : 'UnauthorizedOperation');
  return { kind: 'fault', ...fault };
}

function countDown(dials: DialState['dials'], dial: Dial): DialState['dials'] {
  if (dial.times === undefined) return dials;
  const left = new Map(dials);
  if (dial.times > 1) left.set(dial.action, { ...dial, times: dial.times - 1 });
  else left.delete(dial.action);
  return left;
}
