import { readFileSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { needPrograms, startDetached, systemClock, systemExec, takeLock } from '../../sys/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import { createStateDir, hasRemains, removeRemains, signal } from '../node/index.ts';
import { createClient, type SimClient } from './client.ts';
import { parseEnd } from './parse-answers.ts';
import type { Plan } from './parse-record.ts';
import { liveDaemon, logFile, logWriters, needDaemon, writePlan } from './record.ts';

/** What machines are made of and removed with; told of before anything is made. */
const PROGRAMS = ['ip', 'mknod', 'mount', 'nft', 'nsenter', 'tee', 'umount', 'unshare'] as const;

// A loaded machine lays the fabric out in well under a second.
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 3_000;
const LOOK_AGAIN_MS = 10;

/** A daemon that was started, and the way to end exactly this one. */
export interface StartedVpc {
  readonly client: SimClient;
  readonly pid: number;
}

/**
 * Starts the daemon of a VPC and returns once everything serves. What a crashed daemon left is removed first: its model
 * died with it. Throws `SIM_ALREADY_RUNNING`, `PROGRAM_MISSING` or `SIM_START_FAILED`, leaving nothing behind.
 */
export async function startVpc(options: {
  readonly names: VpcNames;
  /** Words that start this program again as the daemon. */
  readonly argv: readonly [string, ...string[]];
  readonly plan: Plan;
}): Promise<StartedVpc> {
  const { names, argv, plan } = options;
  using _lock = await lockVpc(names);
  const running = liveDaemon(names);
  if (running !== undefined) throw new HostError('SIM_ALREADY_RUNNING', { name: names.vpc, pid: running.pid });
  if (hasRemains(names)) await removeVpc(names);
  needPrograms(plan.apiOnly ? [] : PROGRAMS);
  try {
    await createStateDir(systemExec, names);
    writePlan(names, plan);
    const pid = await startDetached({ argv, log: logFile(names) });
    await untilServing(names, pid);
    return { client: createClient(names), pid };
  } catch (error) {
    await removeVpc(names);
    throw error;
  }
}

/**
 * Ends the daemon, if there is one, and removes everything of the VPC; reports whether there was anything. With `pid`,
 * only while that daemon serves it: another one may have been started meanwhile.
 */
export async function stopVpc(names: VpcNames, pid?: number): Promise<boolean> {
  using _lock = await lockVpc(names);
  const running = liveDaemon(names);
  if (pid !== undefined && running !== undefined && running.pid !== pid) return false;
  return await removeVpc(names);
}

/** Without it, a second start would take the half-made VPC of the first for the remains of a crash. */
function lockVpc(names: VpcNames): Promise<Disposable> {
  return takeLock(names.lockFile, { clock: systemClock, waitMs: START_DEADLINE_MS });
}

async function removeVpc(names: VpcNames): Promise<boolean> {
  const found = liveDaemon(names) !== undefined || hasRemains(names);
  const pids = logWriters(names);
  for (const pid of pids) signal(pid, 'SIGTERM');
  if (!(await untilGone(names))) for (const pid of logWriters(names)) signal(pid, 'SIGKILL');
  await untilGone(names);
  await removeRemains(systemExec, names);
  return found;
}

async function untilServing(names: VpcNames, pid: number): Promise<void> {
  const deadline = systemClock.monotonic() + START_DEADLINE_MS;
  while (liveDaemon(names)?.admin === undefined) {
    if (!logWriters(names).includes(pid)) throw startFailure(names);
    if (systemClock.monotonic() > deadline)
      throw new HostError('SIM_START_FAILED', {
        name: names.vpc,
        reason: `it takes no orders after ${START_DEADLINE_MS} ms`,
      });
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
  needDaemon(names);
}

async function untilGone(names: VpcNames): Promise<boolean> {
  const deadline = systemClock.monotonic() + STOP_DEADLINE_MS;
  while (logWriters(names).length > 0) {
    if (systemClock.monotonic() > deadline) return false;
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
  return true;
}

/** The daemon ends with its failure as the last line of its log, in the form `--json` prints. */
function startFailure(names: VpcNames): HostError {
  const line = readFileSync(logFile(names), 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return (
    parseEnd(line) ?? new HostError('SIM_START_FAILED', { name: names.vpc, reason: line || 'it ended without a word' })
  );
}
