import type { Ec2Outcome } from '../aws/index.ts';
import type { StatusCall } from '../cniproto/index.ts';
import type { Clock } from '../sys/index.ts';

/** As many as fit a screen. */
const KEPT = 8;

/** The last requests to EC2, newest first. */
export class RecentCalls {
  readonly #clock: Pick<Clock, 'now'>;
  #calls: readonly StatusCall[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Notes a request that has ended. */
  told({ action, code, ms }: Ec2Outcome): void {
    const at = new Date(this.#clock.now()).toISOString();
    this.#calls = [{ action, at, ms: Math.round(ms), code: code ?? null }, ...this.#calls].slice(0, KEPT);
  }

  list(): readonly StatusCall[] {
    return this.#calls;
  }
}
