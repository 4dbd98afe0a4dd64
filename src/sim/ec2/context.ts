import type { Clock } from '../../sys/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';
import type { ActionContext } from './action.ts';
import { DoneTokens } from './done-tokens.ts';
import { Launches } from './launches.ts';

/** Who carries an instance over from the state a call leaves it in. Without them, time alone does. */
export interface InstanceHooks {
  /** Takes a pending instance to `running`: makes its machine, then calls the model's `completeLaunch`. */
  readonly launch?: (instance: SimInstance) => Promise<void>;
  /** Takes an instance that is shutting down to `terminated`: removes its machine, then calls `completeTerminate`. */
  readonly terminate?: (instance: SimInstance) => Promise<void>;
}

/** Milliseconds, or what is asked anew each time. */
export type Duration = number | (() => number);

/** What a context is made from. */
export interface ContextParts extends InstanceHooks {
  readonly vpc: SimVpc;
  readonly clock: Clock;
  readonly attachMs?: Duration;
  readonly detachMs?: Duration;
  readonly signal?: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** What the actions of one EC2 face share. */
export function createContext(parts: ContextParts): ActionContext {
  const { vpc, clock, signal, onError } = parts;
  const unlessEnded = (work: Promise<void>): void =>
    void work.catch((error: unknown) => {
      if (signal?.aborted !== true) onError(error);
    });
  const wait = async (ms: number, then: () => void): Promise<void> => {
    await clock.sleep(ms, signal);
    then();
  };
  const launch = parts.launch ?? (({ id }) => wait(vpc.launchMs, () => void vpc.completeLaunch(id)));
  const terminate = parts.terminate ?? (({ id }) => wait(vpc.terminateMs, () => void vpc.completeTerminate(id)));
  return {
    vpc,
    later: (ms, then) => unlessEnded(wait(ms, then)),
    get attachMs() {
      return millisecondsOf(parts.attachMs ?? vpc.attachMs);
    },
    get detachMs() {
      return millisecondsOf(parts.detachMs ?? vpc.detachMs);
    },
    launch: (instance) => unlessEnded(launch(instance)),
    terminate: (instance) => unlessEnded(terminate(instance)),
    launches: new Launches(vpc),
    disassociations: new DoneTokens(),
  };
}

function millisecondsOf(duration: Duration): number {
  return typeof duration === 'number' ? duration : duration();
}
