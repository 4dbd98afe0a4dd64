import type { Clock } from '../../sys/index.ts';
import type { SimVpc } from '../model/index.ts';
import type { Parameters } from './parameters.ts';
import type { Xml } from './xml.ts';

/** What an action works on. */
export interface ActionContext {
  readonly vpc: SimVpc;
  /** Runs `then` after `ms`, outside the answer: an attach goes on when its call has long been answered. */
  readonly later: (ms: number, then: () => void) => void;
  readonly attachMs: number;
  readonly detachMs: number;
}

/** One EC2 action in two steps: read every parameter, then do it. Nothing has happened before the second. */
export type Action = (parameters: Parameters, context: ActionContext) => () => Xml;

/** A timer made from a clock. Aborting the signal drops what still waits; other failures go to `onError`. */
export function createLater(
  clock: Clock,
  signal: AbortSignal | undefined,
  onError: (error: unknown) => void,
): ActionContext['later'] {
  return (ms, then) => {
    clock
      .sleep(ms, signal)
      .then(then)
      .catch((error: unknown) => {
        if (signal?.aborted !== true) onError(error);
      });
  };
}
