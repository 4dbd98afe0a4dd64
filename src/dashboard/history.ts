import type { Clock } from '../sys/index.ts';

/** Width of a bin, and how many are kept: an hour. */
export const BIN_MS = 10_000;
export const BINS = 360;

/** Latencies are counted in buckets that grow by this factor from the least on, up to some minutes. */
const LEAST_MS = 0.5;
const GROWTH = 1.5;
const BUCKETS = 32;

/** The pool at a moment. */
export interface Gauges {
  readonly total: number;
  readonly assigned: number;
  readonly free: number;
  readonly cooldown: number;
  readonly pending: number;
  /** ADD calls that wait for an address. */
  readonly waiting: number;
}

const GAUGES = ['total', 'assigned', 'free', 'cooldown', 'pending', 'waiting'] as const satisfies (keyof Gauges)[];
const COUNTS = ['adds', 'addsFailed', 'dels', 'ec2Reads', 'ec2Changes', 'ec2Failed'] as const;

/** What is counted. A request to EC2 that failed counts as failed and as nothing else. */
export type Count = (typeof COUNTS)[number];

/**
 * Consecutive bins as columns. `first` numbers the first one, so that a newer view can be laid over an older one. Gauges are
 * null before there was a pool, latencies where no pod came.
 */
export type HistoryView = {
  readonly binMs: number;
  readonly first: number;
  /** Wall time at the end of the last bin, ms since the epoch. */
  readonly endMs: number;
  readonly addP50Ms: readonly (number | null)[];
  readonly addMaxMs: readonly (number | null)[];
} & Readonly<Record<Count, readonly number[]>> &
  Readonly<Record<keyof Gauges, readonly (number | null)[]>>;

const bucketOf = (ms: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / LEAST_MS) / Math.log(GROWTH))));

const twoDigits = (ms: number): number => Number(ms.toPrecision(2));

/** The last hour in bins, in memory that does not grow: columns of numbers that are written over. */
export class History {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #counts: Readonly<Record<Count, Uint32Array>>;
  readonly #gauges: Readonly<Record<keyof Gauges, Float64Array>>;
  readonly #latencies = new Uint16Array(BINS * BUCKETS);
  readonly #slowest = new Float32Array(BINS);
  readonly #first: number;
  #last: number;
  #revision = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    const count = (): Uint32Array => new Uint32Array(BINS);
    const gauge = (): Float64Array => new Float64Array(BINS).fill(Number.NaN);
    this.#counts = {
      ...{ adds: count(), addsFailed: count(), dels: count() },
      ...{ ec2Reads: count(), ec2Changes: count(), ec2Failed: count() },
    };
    this.#gauges = {
      ...{ total: gauge(), assigned: gauge(), free: gauge() },
      ...{ cooldown: gauge(), pending: gauge(), waiting: gauge() },
    };
    this.#last = this.#bin();
    this.#first = this.#last;
  }

  /** Number of the bin that is written now. */
  get last(): number {
    this.#turn();
    return this.#last;
  }

  /** Grows with whatever makes a view another one: who has one can tell whether to take it again. */
  get revision(): number {
    this.#turn();
    return this.#revision;
  }

  /** Counts one. */
  count(what: Count): void {
    const column = this.#counts[what];
    const at = this.#turn();
    this.#revision += 1;
    column[at] = (column[at] ?? 0) + 1;
  }

  /** An ADD that ended. */
  added(ms: number, ok: boolean): void {
    this.count('adds');
    if (!ok) this.count('addsFailed');
    const at = this.#turn();
    const bucket = at * BUCKETS + bucketOf(ms);
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1;
    this.#slowest[at] = Math.max(this.#slowest[at] ?? 0, ms);
  }

  /** How the pool is now; it is taken to stay so until told otherwise. */
  gauge(gauges: Gauges): void {
    const at = this.#turn();
    for (const name of GAUGES) {
      if (this.#gauges[name][at] !== gauges[name]) this.#revision += 1;
      this.#gauges[name][at] = gauges[name];
    }
  }

  /** The bins from one on, at most the last hour. */
  view(from = 0): HistoryView {
    this.#turn();
    const first = Math.max(from, this.#first, this.#last - BINS + 1);
    const places = Array.from({ length: Math.max(0, this.#last - first + 1) }, (_, index) => (first + index) % BINS);
    const counts = (name: Count): readonly number[] => places.map((at) => this.#counts[name][at] ?? 0);
    const gauges = (name: keyof Gauges): readonly (number | null)[] =>
      places.map((at) => {
        const value = this.#gauges[name][at] ?? Number.NaN;
        return Number.isNaN(value) ? null : value;
      });
    return {
      binMs: BIN_MS,
      first,
      endMs: Math.round(this.#clock.now() + (this.#last + 1) * BIN_MS - this.#clock.monotonic()),
      ...{ adds: counts('adds'), addsFailed: counts('addsFailed'), dels: counts('dels') },
      ...{ ec2Reads: counts('ec2Reads'), ec2Changes: counts('ec2Changes'), ec2Failed: counts('ec2Failed') },
      addP50Ms: places.map((at) => this.#median(at)),
      addMaxMs: places.map((at) => (this.#counts.adds[at] === 0 ? null : twoDigits(this.#slowest[at] ?? 0))),
      ...{ total: gauges('total'), assigned: gauges('assigned'), free: gauges('free') },
      ...{ cooldown: gauges('cooldown'), pending: gauges('pending'), waiting: gauges('waiting') },
    };
  }

  #bin(): number {
    return Math.floor(this.#clock.monotonic() / BIN_MS);
  }

  /** The place of the present bin; those that began since the last look are empty, and the pool in them as it was. */
  #turn(): number {
    const now = this.#bin();
    const before = this.#last % BINS;
    for (let bin = Math.max(this.#last + 1, now - BINS + 1); bin <= now; bin += 1) {
      const at = bin % BINS;
      this.#revision += 1;
      for (const name of COUNTS) this.#counts[name][at] = 0;
      this.#latencies.fill(0, at * BUCKETS, (at + 1) * BUCKETS);
      this.#slowest[at] = 0;
      for (const name of GAUGES) this.#gauges[name][at] = this.#gauges[name][before] ?? Number.NaN;
    }
    this.#last = Math.max(this.#last, now);
    return this.#last % BINS;
  }

  /** The upper end of the bucket in which the middle one is, never above the slowest. */
  #median(at: number): number | null {
    const counted = this.#latencies.subarray(at * BUCKETS, (at + 1) * BUCKETS);
    const half = counted.reduce((sum, count) => sum + count, 0) / 2;
    if (half === 0) return null;
    let soFar = 0;
    const bucket = counted.findIndex((count) => {
      soFar += count;
      return soFar >= half;
    });
    return twoDigits(Math.min(LEAST_MS * GROWTH ** bucket, this.#slowest[at] ?? Number.POSITIVE_INFINITY));
  }
}
