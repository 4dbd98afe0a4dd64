import { readFileSync } from 'node:fs';
import { setTimeout as sleep, setImmediate as soonAsPromise } from 'node:timers/promises';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Wall time, monotonic time and waiting, as a port, so that decisions can be tested with times as values. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since this machine was booted: the same for all its programs, and nobody can set it. */
  monotonic(): number;
  /** Resolves after `ms`, rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that also calls back, so that whoever waits for nothing else needs no promise of his own. */
export interface Timers extends Clock {
  /** Runs the work once, after `ms` (0: when the present turn of the loop is over), unless the answer is called first. */
  after(ms: number, work: () => void): () => void;
}

let startedAfterMs: number | undefined;

/** How long the machine had been up when this process began; the kernel tells hundredths of a second. */
function bootOffsetMs(): number {
  if (startedAfterMs === undefined) {
    const [uptime = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
    startedAfterMs = Number(uptime) * 1000 - performance.now();
  }
  return startedAfterMs;
}

/** The clock of this machine. */
export const systemClock: Timers = {
  now: () => Date.now(),
  monotonic: () => bootOffsetMs() + performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {});
  },
  after: (ms, work) => {
    if (ms <= 0) {
      const soon = setImmediate(work);
      return () => clearImmediate(soon);
    }
    // A timer of Node's is a 32-bit number of milliseconds; a longer wait is no wait at all.
    const timer = setTimeout(work, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** Lets signals be heard that came during synchronous work: their handlers run between turns of the loop only. */
export async function letSignalsIn(): Promise<void> {
  await soonAsPromise();
}
