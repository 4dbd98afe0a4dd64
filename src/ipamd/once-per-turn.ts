import type { Timers } from '../sys/index.ts';

/**
 * Gives each piece of work a turn of the loop of its own. Calls that come together are all begun in one, and pods that have waited
 * for an ENI are all woken in one: without it nothing else would happen until the last of them is served.
 */
export class OncePerTurn {
  readonly #clock: Pick<Timers, 'after'>;
  readonly #waiting: ((turn: number) => void)[] = [];
  #turn = 0;
  #isTaken = false;

  constructor(clock: Pick<Timers, 'after'>) {
    this.#clock = clock;
  }

  /** Waits for a turn that nobody else has, first come first served; for none while the work's `own` one lasts. */
  async enter(own?: number): Promise<number> {
    if (this.#isTaken && own === this.#turn) return own;
    if (this.#isTaken) return new Promise((resolve) => this.#waiting.push(resolve));
    return this.#take();
  }

  #take(): number {
    this.#isTaken = true;
    this.#turn += 1;
    this.#clock.after(0, () => {
      this.#isTaken = false;
      const next = this.#waiting.shift();
      if (next !== undefined) next(this.#take());
    });
    return this.#turn;
  }
}
