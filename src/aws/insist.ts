import { type ErrorCode, toHostError } from '../errors/index.ts';
import type { Clock } from '../sys/index.ts';
import { backoffMs } from './backoff.ts';
import { pausedMs } from './traffic.ts';

/** Refusals that no waiting cures. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['IAM_DENIED', 'EC2_CREDENTIALS', 'EC2_NOT_FOUND']);

/** How to wait between tries, and until when. */
export interface Patience {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly tries: number;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** A number in [0, 1). */
  readonly random?: (() => number) | undefined;
}

/**
 * Does it again, with a growing delay, while EC2 refuses what it may grant later: a throttled call, an ENI it still
 * detaches. Throws the last refusal, or at once one that no waiting cures.
 */
export async function insist<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  const { random = Math.random } = patience;
  for (let tried = 1; ; tried++)
    try {
      return await attempt();
    } catch (error) {
      if (tried >= patience.tries || FINAL.has(toHostError(error).code)) throw error;
      // Not less than half the delay: what EC2 is at work on is not made faster by asking.
      const waitMs = backoffMs({ attempt: tried, random: 0.5 + random() / 2 });
      await patience.clock.sleep(Math.max(waitMs, pausedMs(error)), patience.signal);
    }
}
