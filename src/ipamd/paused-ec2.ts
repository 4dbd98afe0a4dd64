import type { PausedAction } from '../aws/index.ts';
import { HostError } from '../errors/index.ts';
import { named } from './conditions.ts';

/** That EC2 is not asked for some actions at present; the reason is that of the one that is asked again first. */
export function pausedEc2(paused: readonly PausedAction[]): HostError | undefined {
  const [first] = [...paused].sort((a, b) => a.untilMs - b.untilMs);
  if (first === undefined) return undefined;
  const actions = named(paused.map(({ action }) => action).sort());
  const until = new Date(first.untilMs).toISOString();
  return new HostError('EC2_PAUSED', { actions, until, reason: first.error.message }, first.error);
}
