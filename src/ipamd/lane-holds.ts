import type { HostError } from '../errors/index.ts';
import type { DecideInput, PoolAction } from '../pool/index.ts';
import type { Clock } from '../sys/index.ts';
import type { Failure } from './parts.ts';

/** The two directions of EC2 changes; each is held back by its own failures. */
export type LaneName = 'growth' | 'shrink';

/** The lane an action runs in. */
export function laneOf({ kind }: PoolAction): LaneName {
  return kind === 'assign' || kind === 'create-eni' ? 'growth' : 'shrink';
}

/** Until when each lane is held back, and what it failed with last; and the same of single network cards. */
export class LaneHolds {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #untils: DecideInput['holds'] = { growthUntilMs: 0, shrinkUntilMs: 0 };
  readonly #failures: Record<LaneName, (Failure & { readonly sinceMs: number }) | undefined> = {
    growth: undefined,
    shrink: undefined,
  };
  readonly #cards = new Map<number, { readonly error: HostError; readonly untilMs: number }>();

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** Monotonic, as all times of decisions. */
  get untils(): DecideInput['holds'] {
    const newEniUntilMs = new Map([...this.#cards].map(([card, { untilMs }]) => [card, untilMs]));
    return { ...this.#untils, newEniUntilMs };
  }

  /** Makes no new ENI on a card for a while: EC2 has no slot there, and may have some on others. */
  holdCard(card: number, forMs: number, error: HostError): void {
    this.#cards.set(card, { error, untilMs: this.#clock.monotonic() + forMs });
  }

  /** There is room on a card after all; without one, perhaps on any. */
  openCard(card?: number): void {
    if (card === undefined) this.#cards.clear();
    else this.#cards.delete(card);
  }

  /** Holds a lane back after a failure and remembers why. */
  hold(lane: LaneName, forMs: number, error: HostError): void {
    const sinceMs = this.#clock.monotonic();
    this.#untils = { ...this.#untils, [`${lane}UntilMs`]: sinceMs + forMs };
    this.#failures[lane] = { error, atMs: this.#clock.now(), sinceMs };
  }

  /**
   * Forgets what a lane failed with before work began (monotonic) that has succeeded now. Work that went beside it says
   * nothing of it. Reports whether no failure is left.
   */
  succeed(lane: LaneName, beganMs: number): boolean {
    const failure = this.#failures[lane];
    if (failure !== undefined && failure.sinceMs > beganMs) return false;
    this.#untils = { ...this.#untils, [`${lane}UntilMs`]: 0 };
    this.#failures[lane] = undefined;
    return true;
  }

  /**
   * Nothing is to be done: failures whose time is over are about something that nobody wants any more. Returns when the
   * next one's is over.
   */
  endFailures(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const [card, { untilMs }] of [...this.#cards])
      if (untilMs <= nowMs) this.#cards.delete(card);
      else next = Math.min(next ?? untilMs, untilMs);
    for (const lane of ['growth', 'shrink'] as const) {
      const untilMs = this.#untils[`${lane}UntilMs`];
      if (untilMs <= nowMs) this.#failures[lane] = undefined;
      else if (this.#failures[lane] !== undefined) next = Math.min(next ?? untilMs, untilMs);
    }
    return next;
  }

  /** Forgets one failure, if it is still the last: what it was about is known now. */
  forget(lane: LaneName, error: HostError): void {
    if (this.#failures[lane]?.error === error) this.#failures[lane] = undefined;
  }

  /** What a lane failed with, until it succeeds. */
  failureOf(lane: LaneName): HostError | undefined {
    return this.#failures[lane]?.error;
  }

  /** Why there are no more addresses: of one card, or of any. */
  growthFailureOf(card: number | undefined): HostError | undefined {
    const lane = this.failureOf('growth');
    const [first] = this.#cards.values();
    return card === undefined ? (lane ?? first?.error) : (this.#cards.get(card)?.error ?? lane);
  }

  /** The later failure of the two. */
  get latest(): Failure | undefined {
    const { growth, shrink } = this.#failures;
    return growth === undefined || (shrink !== undefined && shrink.sinceMs > growth.sinceMs) ? shrink : growth;
  }
}
