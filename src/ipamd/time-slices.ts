import type { Timers } from '../sys/index.ts';

/** What one turn of the loop may take, and a little more: the last piece begins before it is over. */
const SLICE_MS = 3.5;

/**
 * Bounds how long calls that come together hold the loop up: forty pods at once are begun in one turn of it, and signs of
 * life, events of the kernel and everybody else's calls would wait until the last of them is wired. Each piece of work is
 * synchronous and takes a millisecond or two; when the turn has lasted long enough, the rest waits for the next ones.
 */
export class TimeSlices {
  readonly #clock: Pick<Timers, 'after' | 'monotonic'>;
  readonly #waiting: (() => void)[] = [];
  /** Monotonic; `undefined` while nothing has run in this turn. */
  #beganMs: number | undefined;

  constructor(clock: Pick<Timers, 'after' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** Runs the work, at once while this turn has time left and nobody waits, else in its order. Throws what it throws. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#hasTime()) return work();
    return await new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #hasTime(): boolean {
    const nowMs = this.#clock.monotonic();
    if (this.#beganMs === undefined) this.#begin(nowMs);
    return nowMs - (this.#beganMs ?? nowMs) < SLICE_MS;
  }

  #begin(nowMs: number): void {
    this.#beganMs = nowMs;
    this.#clock.after(0, () => {
      this.#beganMs = undefined;
      while (this.#waiting.length > 0 && this.#hasTime()) this.#waiting.shift()?.();
    });
  }
}
