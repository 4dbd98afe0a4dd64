import { backoffMs, pausedMs } from '../../aws/index.ts';
import { type ErrorCode, type HostError, toHostError } from '../../errors/index.ts';
import type { LaneName } from '../lane-holds.ts';
import type { LaneParts } from './lane.ts';

/** After these nobody knows what EC2 did: the answer was lost, or cannot be read. */
export const UNCERTAIN: ReadonlySet<ErrorCode> = new Set(['EC2_UNREACHABLE', 'EC2_BAD_ANSWER']);
/** What says nothing of what is asked, and passes. */
const PASSING: ReadonlySet<ErrorCode> = new Set([...UNCERTAIN, 'EC2_THROTTLED', 'EC2_CREDENTIALS']);

/**
 * What EC2 knows of a change whose answer never came. To ask for the change again before that would make two of it, so
 * the asking goes on until EC2 tells, slower and slower. Throws what no waiting cures, and the reason of the signal.
 */
export async function untilKnown<T>({ node, engine }: LaneParts, lane: LaneName, ask: () => Promise<T>): Promise<T> {
  let failure: HostError | undefined;
  for (let attempt = 1; ; attempt++)
    try {
      const known = await ask();
      if (failure !== undefined) engine.holds.forget(lane, failure);
      return known;
    } catch (error) {
      failure = toHostError(error);
      if (!PASSING.has(failure.code)) throw error;
      engine.hold(lane, 0, failure);
      const waitMs = Math.max(backoffMs({ attempt, random: 0.5 + Math.random() / 2 }), pausedMs(error));
      await node.clock.sleep(waitMs, node.signal);
    }
}
