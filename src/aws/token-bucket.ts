import type { Rate } from './rates.ts';

/** A bucket that was throttled over and over still gives a token now and then, or nobody would learn that EC2 is well. */
const LEAST_SHARE = 1 / 16;
/** Answers after which a halved rate is whole again. */
const RECOVERY = 10;

/**
 * The budget of one action. EC2's bucket is shared with every other node, so the rate follows what EC2 says: half of it
 * after a throttled request, back in small steps with each answer. Times come in as values (ms of a monotonic clock).
 */
export class TokenBucket {
  readonly #rate: Rate;
  /** Below zero when tokens of the future are taken already. */
  #tokens: number;
  #perSecond: number;
  #atMs: number | undefined;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.size;
    this.#perSecond = rate.perSecond;
  }

  /** Tokens a second that it gives at present. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** Takes a token and says how long to wait for it, first come first served. Takes none when that is over `mostMs`. */
  take(nowMs: number, mostMs: number): { readonly taken: boolean; readonly waitMs: number } {
    this.#refill(nowMs);
    const waitMs = Math.max(0, Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000));
    const taken = waitMs <= mostMs;
    if (taken) this.#tokens -= 1;
    return { taken, waitMs };
  }

  /** EC2 throttled a request: its bucket is empty, whatever ours holds. */
  throttled(nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens = Math.min(this.#tokens, 0);
    this.#perSecond = Math.max(this.#perSecond / 2, this.#rate.perSecond * LEAST_SHARE);
  }

  /** EC2 answered, whatever it said. */
  answered(nowMs: number): void {
    this.#refill(nowMs);
    this.#perSecond = Math.min(this.#rate.perSecond, this.#perSecond + this.#rate.perSecond / 2 / RECOVERY);
  }

  #refill(nowMs: number): void {
    const gained = (Math.max(0, nowMs - (this.#atMs ?? nowMs)) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#rate.size, this.#tokens + gained);
    this.#atMs = nowMs;
  }
}
