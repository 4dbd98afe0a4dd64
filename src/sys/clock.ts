import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

/** Wall time, monotonic time and waiting, as a port, so that decisions can be tested with times as values. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never jumps. */
  monotonic(): number;
  /** Resolves after `ms`, rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {});
  },
};

/** Lets signals be heard that came during synchronous work: their handlers run between turns of the loop only. */
export async function letSignalsIn(): Promise<void> {
  await setImmediate();
}
