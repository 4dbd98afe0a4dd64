/** So many looks at once, a burst of changes by an operator for one, */
const MOST_LOOKS = 100;
/** and so many a second for as long as it goes on: a hundredth or two of a processor. */
const PER_SECOND = 5;
/** Changes come in bursts, and one look sees all of them. */
const SETTLE_MS = 10;

/**
 * How often the host's network is looked at: at once after a change, rarely when changes do not end. Times come in as values
 * (ms of a monotonic clock).
 */
export class Pace {
  #looks = MOST_LOOKS;
  #atMs: number | undefined;
  #contested = false;

  /** How long to wait with the next look. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return Math.max(SETTLE_MS, Math.ceil(((1 - this.#looks) / PER_SECOND) * 1000));
  }

  /** A look has been, and whether it found something to repair. */
  looked(nowMs: number, repaired: boolean): void {
    this.#refill(nowMs);
    this.#looks = Math.max(0, this.#looks - 1);
    if (repaired && this.#looks < 1) this.#contested = true;
  }

  /** Whether something is changed again as fast as it is repaired; until there has been peace for a while. */
  contested(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#looks > MOST_LOOKS / 2) this.#contested = false;
    return this.#contested;
  }

  #refill(nowMs: number): void {
    const seconds = Math.max(0, nowMs - (this.#atMs ?? nowMs)) / 1000;
    this.#looks = Math.min(MOST_LOOKS, this.#looks + seconds * PER_SECOND);
    this.#atMs = nowMs;
  }
}
