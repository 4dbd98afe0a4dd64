import { later } from './later.ts';
import type { Edges } from './parts.ts';

/** When work that can wait is done, in milliseconds. */
export interface Pauses {
  /** After so long without a sign of life. */
  readonly quietMs: number;
  /** Where it is never quiet for that long, in a pause of this length, */
  readonly pauseMs: number;
  /** but not again before so much time has passed. */
  readonly everyMs: number;
}

/**
 * Does the work once nothing has happened for a while, and where something happens all the time, in a pause now and then;
 * each call of the function it returns says that something has.
 */
export function whenQuiet(edges: Pick<Edges, 'clock' | 'signal'>, pauses: Pauses, work: () => void): () => void {
  const { clock } = edges;
  let lastMs = Number.NEGATIVE_INFINITY;
  let cancel = (): void => undefined;
  return () => {
    cancel();
    const isDue = clock.monotonic() - lastMs >= pauses.everyMs;
    cancel = later(edges, isDue ? pauses.pauseMs : pauses.quietMs, () => {
      lastMs = clock.monotonic();
      work();
    });
  };
}
