import { setTimeout as sleep, setImmediate as turnEnd } from 'node:timers/promises';

/** Wall time, monotonic time and waiting, as a port, so that decisions can be tested with times as values. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never jumps. */
  monotonic(): number;
  /** Resolves after `ms`, rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that also calls back: a daemon that waits only through it runs in virtual time too. */
export interface TimedClock extends Clock {
  /** Calls `work` once after `ms`; the function returned cancels it. */
  after(ms: number, work: () => void): () => void;
  /** Calls `work` when the turn that is running has ended. */
  soon(work: () => void): void;
}

/** The clock of this machine. */
export const systemClock: TimedClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {});
  },
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  soon: (work) => {
    setImmediate(work);
  },
};

/** Lets signals be heard that came during synchronous work: their handlers run between turns of the loop only. */
export async function letSignalsIn(): Promise<void> {
  await turnEnd();
}
