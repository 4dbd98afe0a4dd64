import { HostError, toHostError } from '../errors/index.ts';
import type { Step } from '../hostspec/index.ts';
import { applyForGood, type DoneStep, type Progress } from './apply.ts';
import { awaitConflist, awaitReady } from './await-daemon.ts';
import { keeperOf, reloadDaemonUnit, startDaemon, stopDaemon } from './daemon.ts';
import { type Host, underLock } from './host.ts';
import type { VersionChange } from './plan-versions.ts';
import type { OnReason } from './start-unit.ts';
import type { UndoStack } from './undo.ts';

/** A daemon to be started, and what is needed to bring back the one before. */
export interface DaemonSwitch {
  readonly host: Host;
  readonly steps: readonly Step[];
  /** `undefined` when nothing served before: then there is nothing to go back to. */
  readonly change: VersionChange | undefined;
  readonly undo: UndoStack;
  /** How long the daemon before may take until it is ready again. */
  readonly timeoutMs: number;
}

/** What failed, in the words of its own message. */
function wordsOf(error: HostError): { readonly what: string; readonly reason: string } {
  const { what, reason } = error.details;
  return error.code === 'IPAMD_NOT_READY'
    ? { what: `${what}`, reason: `${reason}` }
    : { what: 'did not start', reason: error.message };
}

async function attempt(work: () => Promise<unknown>): Promise<HostError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return toHostError(error);
  }
}

/** Starts the daemon from before; the failure when it does not serve. */
async function serveAgain({ host, timeoutMs }: DaemonSwitch, onReason: OnReason): Promise<HostError | undefined> {
  const keeper = keeperOf(host);
  return await attempt(async () => {
    if (keeper === 'systemd') await reloadDaemonUnit(host);
    await startDaemon(host, { keeper, timeoutMs, onReason });
    await awaitReady(host, { keeper, after: 'start', timeoutMs, onReason });
    await awaitConflist(host);
  });
}

async function goBack(
  input: DaemonSwitch,
  change: VersionChange,
  cause: HostError,
  progress: Progress,
): Promise<HostError> {
  const { host, undo } = input;
  const tell: OnReason = (reason) => progress.waiting(`it failed, going back to ${change.from}: ${reason}`);
  tell('stopping ipamd');
  // First of all: a daemon that systemd starts again and again must not run while its files are exchanged.
  const stopping = await attempt(() => stopDaemon(host, keeperOf(host)));
  const taken: string[] = [];
  const locking = await attempt(() => underLock(host, async () => taken.push(...(await undo.takeBack()))));
  const old = await serveAgain(input, tell);
  const left = [stopping, locking].flatMap((error) => (error === undefined ? [] : [error.message])).concat(taken);
  const state =
    left.length === 0 ? 'everything of this run was taken back' : `this run was taken back, except ${left.join(', ')}`;
  const details = { ...change, ...wordsOf(cause), cause: cause.code, state };
  if (old === undefined) return new HostError('UPGRADE_ROLLED_BACK', details, cause);
  const { what, reason } = wordsOf(old);
  return new HostError('UPGRADE_STUCK', { ...details, fromWhat: what, fromReason: reason }, cause);
}

/**
 * Carries out the steps of the daemon. When one served before and the new one does not come to serve, everything of the
 * run is taken back and the old one serves again: throws `UPGRADE_ROLLED_BACK`, or `UPGRADE_STUCK` saying what is left.
 */
export async function switchDaemon(input: DaemonSwitch, progress: Progress): Promise<readonly DoneStep[]> {
  try {
    return await applyForGood({ host: input.host, steps: input.steps }, progress);
  } catch (error) {
    const { host, change, undo } = input;
    if (change !== undefined) throw await goBack(input, change, toHostError(error), progress);
    await attempt(() => underLock(host, async () => undo.settle()));
    throw error;
  }
}
