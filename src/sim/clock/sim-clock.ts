import type { Clock } from '../../sys/index.ts';

/** A clock for the simulator. Whoever sleeps on it wakes as soon as its time has come, also by a move. */
export interface SimClock extends Clock {
  /** Milliseconds it is ahead of the clock beneath; negative when behind. */
  readonly offsetMs: number;
  /** Whether time passes by itself. */
  readonly ticking: boolean;
  /** Moves the time ahead; a negative or endless `ms` is a `RangeError`. */
  advance(ms: number): void;
  /** Sets the time of day, also back. Sleepers and `monotonic()` see only a move ahead, because that one never jumps back. */
  setTime(now: number): void;
  /** Stops the time, or lets it pass again from where it stood. */
  setTicking(ticking: boolean): void;
}

/** A clock over another one, with the same time until it is moved. */
export function createSimClock(base: Clock): SimClock {
  return new MovableClock(base);
}

/** Readings a millisecond is divided into. */
const STEPS = 1024;

class MovableClock implements SimClock {
  readonly #base: Clock;
  /** What moves have added to the readings of the clock below. */
  #wallOffset = 0;
  #monotonicOffset = 0;
  /** Readings of the clock below when time was stopped. */
  #stopped: { readonly now: number; readonly monotonic: number } | undefined;
  #moved = new AbortController();

  constructor(base: Clock) {
    this.#base = base;
  }

  get offsetMs(): number {
    return this.now() - this.#base.now();
  }
  get ticking(): boolean {
    return this.#stopped === undefined;
  }
  now(): number {
    return (this.#stopped?.now ?? this.#base.now()) + this.#wallOffset;
  }
  monotonic(): number {
    return (this.#stopped?.monotonic ?? this.#monotonicBelow()) + this.#monotonicOffset;
  }

  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`a clock is moved ahead by 0 ms or more, not by ${ms}`);
    this.#wallOffset += ms;
    this.#monotonicOffset += ms;
    this.#wake();
  }

  setTime(now: number): void {
    const step = now - this.now();
    if (step >= 0) this.advance(step);
    else this.#wallOffset += step;
  }

  setTicking(ticking: boolean): void {
    if (ticking === this.ticking) return;
    const below = { now: this.#base.now(), monotonic: this.#monotonicBelow() };
    if (this.#stopped === undefined) {
      this.#stopped = below;
    } else {
      this.#wallOffset -= below.now - this.#stopped.now;
      this.#monotonicOffset -= below.monotonic - this.#stopped.monotonic;
      this.#stopped = undefined;
    }
    this.#wake();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.monotonic() + ms;
    for (;;) {
      signal?.throwIfAborted();
      const left = until - this.monotonic();
      if (left <= 0) return;
      await this.#pass(left, signal);
    }
  }

  /** In steps of a binary fraction: sums with whole milliseconds are exact, and 5 s later is not a hair less than 5 s. */
  #monotonicBelow(): number {
    return Math.floor(this.#base.monotonic() * STEPS) / STEPS;
  }

  /** Waits until so much time has passed, the clock was moved, or the signal came; the caller looks which. */
  async #pass(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const moved = this.#moved.signal;
    const interrupted = signal === undefined ? moved : AbortSignal.any([moved, signal]);
    if (this.ticking) {
      await this.#base.sleep(ms, interrupted).catch((error: unknown) => {
        if (!interrupted.aborted) throw error;
      });
    } else if (!interrupted.aborted) {
      await new Promise<void>((resolve) => {
        interrupted.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #wake(): void {
    const before = this.#moved;
    this.#moved = new AbortController();
    before.abort();
  }
}
