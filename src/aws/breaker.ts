import type { ErrorCode, HostError } from '../errors/index.ts';

/** When asking again is of no use for a while: after so many refusals in a row, for so long, twice as long each time. */
interface Trip {
  readonly after: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Refusals that are about the action itself. Any other is an answer: a full subnet says that EC2 is well. */
const TRIPS: ReadonlyMap<ErrorCode, Trip> = new Map([
  ['EC2_THROTTLED', { after: 3, firstMs: 1_000, mostMs: 60_000 }],
  ['EC2_UNREACHABLE', { after: 5, firstMs: 1_000, mostMs: 15_000 }],
  ['EC2_CREDENTIALS', { after: 3, firstMs: 5_000, mostMs: 60_000 }],
  ['IAM_DENIED', { after: 3, firstMs: 10_000, mostMs: 300_000 }],
]);

/** Refusals that have nothing to do with the one action: an answer to another one says that they may be over. */
const COMMON: ReadonlySet<ErrorCode> = new Set(['EC2_UNREACHABLE', 'EC2_CREDENTIALS']);

/** An action that is not asked for at present: what EC2 said last, and until when (ms of the clock the times came from). */
export interface Pause {
  readonly error: HostError;
  readonly untilMs: number;
}

/** Whether a request may go, and whether it is the one that finds out if EC2 grants the action again. */
export type Passage =
  | { readonly kind: 'go'; readonly probe: boolean }
  | { readonly kind: 'stay'; readonly pause: Pause };

/**
 * The circuit breaker of one action: closed while EC2 answers, open after refusals in a row, and half open when the time
 * is over: then one request finds out, and all others stay.
 */
export class Breaker {
  /** The refusals in a row, all of one code. */
  #row: { readonly error: HostError; readonly length: number } | undefined;
  #pause: Pause | undefined;
  /** Pauses since EC2 granted the action last. */
  #pauses = 0;
  #probing = false;

  /** Why the action is not asked for; `undefined` while it is. */
  get pause(): Pause | undefined {
    return this.#pause;
  }

  /** Whether a request may go now. */
  enter(nowMs: number): Passage {
    const pause = this.#pause;
    if (pause === undefined) return { kind: 'go', probe: false };
    if (this.#probing || nowMs < pause.untilMs) return { kind: 'stay', pause };
    this.#probing = true;
    return { kind: 'go', probe: true };
  }

  /** How a request ended. `random` in [0, 1) keeps a fleet that was refused together from asking together. */
  leave(
    passage: { readonly probe: boolean },
    ended: { readonly error: HostError | undefined; readonly nowMs: number; readonly random: number },
  ): void {
    const { error, nowMs, random } = ended;
    this.abandon(passage);
    const trip = error && TRIPS.get(error.code);
    if (error === undefined || trip === undefined) {
      this.#close();
      return;
    }
    // Those that were under way when it opened say nothing new.
    if (this.#pause !== undefined && !passage.probe) return;
    const length = this.#row?.error.code === error.code ? this.#row.length + 1 : 1;
    this.#row = { error, length };
    if (length < trip.after && !passage.probe) return;
    const longMs = Math.min(trip.mostMs, trip.firstMs * 2 ** this.#pauses);
    this.#pauses += 1;
    this.#pause = { error, untilMs: nowMs + Math.ceil(longMs * (0.5 + random / 2)) };
  }

  /** A request that was let in and never sent: what EC2 would have said is not known. */
  abandon(passage: { readonly probe: boolean }): void {
    if (passage.probe) this.#probing = false;
  }

  /** Another action was answered: if EC2 or the credentials were away, they may be back, and one request may find out. */
  heard(nowMs: number): void {
    if (this.#pause !== undefined && COMMON.has(this.#pause.error.code))
      this.#pause = { ...this.#pause, untilMs: nowMs };
  }

  #close(): void {
    this.#row = undefined;
    this.#pause = undefined;
    this.#pauses = 0;
  }
}
