import type { Ec2Outcome } from '../aws/index.ts';
import type { StatusCall } from '../cniproto/index.ts';
import type { Clock } from '../sys/index.ts';

/** As many as fit a screen. */
const KEPT = 8;

/** The last requests to EC2, newest first. */
export class RecentCalls {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #counted: (outcome: Ec2Outcome) => void;
  #calls: readonly StatusCall[] = [];

  /** `counted` is told of each request as well. */
  constructor(clock: Pick<Clock, 'now'>, counted: (outcome: Ec2Outcome) => void) {
    this.#clock = clock;
    this.#counted = counted;
  }

  /** Notes a request that has ended. */
  readonly told = (outcome: Ec2Outcome): void => {
    const { action, code, ms } = outcome;
    const at = new Date(this.#clock.now()).toISOString();
    this.#calls = [{ action, at, ms: Math.round(ms), code: code ?? null }, ...this.#calls].slice(0, KEPT);
    this.#counted(outcome);
  };

  list(): readonly StatusCall[] {
    return this.#calls;
  }
}
