import { HostError, toHostError } from '../errors/index.ts';
import type { Logger } from '../log/index.ts';
import type { Clock } from '../sys/index.ts';
import { notify } from '../systemd/index.ts';

/** Signs of life within one watchdog time: one may be late, and the next one still comes in time. */
const BEATS = 3;

/** No call takes longer: an ADD waits 20 s for a start and 30 s for EC2. What does has been forgotten by somebody. */
const LONGEST_CALL_MS = 120_000;

/** Milliseconds between signs of life as systemd wants them (sd_watchdog_enabled(3)); `undefined` when it wants none. */
export function beatEveryMs(environment: {
  readonly usec: string | undefined;
  readonly forPid: string | undefined;
  readonly pid: number;
}): number | undefined {
  const { usec, forPid, pid } = environment;
  const time = Number(usec ?? '0');
  if (!Number.isSafeInteger(time) || time <= 0 || (forPid !== undefined && forPid !== String(pid))) return undefined;
  return time / 1000 / BEATS;
}

/** CNI calls under way, by when they began. */
export class CallsUnderWay {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #since = new Set<{ readonly at: number; readonly command: string }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Counts a call while it is worked on. */
  async track<T>(command: string, work: () => Promise<T>): Promise<T> {
    const call = { at: this.#clock.monotonic(), command };
    this.#since.add(call);
    try {
      return await work();
    } finally {
      this.#since.delete(call);
    }
  }

  /** Throws when a call has been under way for longer than any call can be. */
  check(): void {
    const before = this.#clock.monotonic() - LONGEST_CALL_MS;
    const stuck = [...this.#since].find(({ at }) => at < before);
    if (stuck !== undefined)
      throw new HostError('INTERNAL', {
        reason: `a call of ${stuck.command} is not answered for ${LONGEST_CALL_MS / 1000} s`,
      });
  }
}

/**
 * Tells systemd that the daemon lives, until the signal; each time only after `proof`, which does a piece of the daemon's
 * real work and fails, or does not end, when that is no longer possible. systemd then starts a new daemon.
 */
export async function keepTelling(parts: {
  readonly notifySocket: string | undefined;
  readonly everyMs: number;
  readonly proof: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { notifySocket, everyMs, proof, clock, logger, signal } = parts;
  while (!signal.aborted) {
    try {
      await proof();
      notify(notifySocket, [{ kind: 'watchdog' }]);
    } catch (error) {
      logger.error('not telling systemd that all is well', { error: toHostError(error) });
    }
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
}
