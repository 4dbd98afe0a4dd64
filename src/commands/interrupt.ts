import { HostError } from '../errors/index.ts';
import type { StepProgress } from './step-progress.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** timeout(1) sends its signal to the program and to its process group, and impatient people press a key twice. */
const ONE_WISH_MS = 1_000;

/**
 * The progress of a run that its user may end: after the first step began, the first signal makes the next look at the
 * progress throw `INTERRUPTED`, so that the run fails as with any other failure, takes back and says what remains. Before that
 * nothing was changed, and a signal long after the first is for whoever cannot wait: both end the process as usual.
 */
export function interruptible(progress: StepProgress): StepProgress {
  let step: string | undefined;
  let signal: string | undefined;
  let since: number | undefined;
  const forget = (): void => {
    for (const name of SIGNALS) process.off(name, hear);
  };
  function hear(name: NodeJS.Signals): void {
    const now = performance.now();
    if (step === undefined || (since !== undefined && now - since > ONE_WISH_MS)) {
      forget();
      process.kill(process.pid, name);
    } else if (since === undefined) {
      since = now;
      signal = name;
    }
  }
  /** Once: what takes the run back reports its progress too. */
  const look = (): void => {
    if (signal === undefined) return;
    const by = signal;
    signal = undefined;
    throw new HostError('INTERRUPTED', { signal: by, step });
  };
  for (const name of SIGNALS) process.on(name, hear);
  return {
    started: (text) => {
      step = text.split('\n')[0] ?? '';
      look();
      progress.started(text);
    },
    finished: progress.finished,
    waiting: (reason) => {
      look();
      progress.waiting(reason);
    },
    end: () => {
      forget();
      progress.end();
    },
  };
}
