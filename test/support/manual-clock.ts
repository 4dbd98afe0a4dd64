import type { Clock } from '../../src/sys/index.ts';

interface Timer {
  readonly atMs: number;
  readonly work: () => void;
}

/** A clock that goes when it is told to, and whose wall time somebody may set. What is due is called in order; `settle` lets what it began go on. */
export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;
  #setMs = 0;
  #timers: readonly Timer[] = [];

  now(): number {
    return this.#nowMs + this.#setMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** Sets the wall time forward, or back when `ms` is negative. */
  setWall(ms: number): void {
    this.#setMs += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = this.after(ms, resolve);
    signal?.addEventListener('abort', () => {
      cancel();
      reject(signal.reason);
    });
    return promise;
  }

  after(ms: number, work: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), work };
    this.#timers = [...this.#timers, timer];
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets so much time pass, in steps from one timer to the next; `settle` is waited for after each. */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) => (timer.atMs <= endMs && (first === undefined || timer.atMs < first.atMs) ? timer : first),
        undefined,
      );
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.work();
      await settle();
    }
    this.#nowMs = endMs;
  }
}
