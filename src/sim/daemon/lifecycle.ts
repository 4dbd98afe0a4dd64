import { existsSync, readFileSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { startDetached, systemClock, systemExec, takeLock } from '../../sys/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import { createStateDir, hasRemains, removeRemains, signal } from '../node/index.ts';
import { createClient, type SimClient } from './client.ts';
import { adminSocket, liveDaemon, logFile, startTimeOf } from './record.ts';

// A loaded machine lays the fabric out in well under a second.
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 3_000;
const LOOK_AGAIN_MS = 10;

/**
 * Starts the daemon of a VPC and returns once it takes orders. What a crashed daemon left is removed first: its model
 * died with it. Throws `SIM_ALREADY_RUNNING` or `SIM_START_FAILED`, leaving nothing behind.
 */
export async function startVpc(options: {
  readonly names: VpcNames;
  /** Words that start this program again as the daemon. */
  readonly argv: readonly [string, ...string[]];
}): Promise<SimClient> {
  const { names, argv } = options;
  using _lock = await lockVpc(names);
  const running = liveDaemon(names);
  if (running !== undefined) throw new HostError('SIM_ALREADY_RUNNING', { name: names.vpc, pid: running.pid });
  if (hasRemains(names)) await removeRemains(systemExec, names);
  await createStateDir(systemExec, names);
  try {
    const pid = await startDetached({ argv, log: logFile(names) });
    await untilServing(names, pid);
    return createClient(names);
  } catch (error) {
    await removeVpc(names);
    throw error;
  }
}

/** Ends the daemon, if there is one, and removes everything of the VPC; reports whether there was anything. */
export async function stopVpc(names: VpcNames): Promise<boolean> {
  using _lock = await lockVpc(names);
  return await removeVpc(names);
}

/** Without it, a second start would take the half-made VPC of the first for the remains of a crash. */
function lockVpc(names: VpcNames): Promise<Disposable> {
  return takeLock(names.lockFile, { clock: systemClock, waitMs: START_DEADLINE_MS });
}

async function removeVpc(names: VpcNames): Promise<boolean> {
  const record = liveDaemon(names);
  if (record !== undefined) {
    signal(record.pid, 'SIGTERM');
    if (!(await untilGone(names))) signal(record.pid, 'SIGKILL');
  }
  const found = record !== undefined || hasRemains(names);
  await removeRemains(systemExec, names);
  return found;
}

async function untilServing(names: VpcNames, pid: number): Promise<void> {
  const fail = (reason: string): HostError => new HostError('SIM_START_FAILED', { name: names.vpc, reason });
  const deadline = systemClock.monotonic() + START_DEADLINE_MS;
  while (!existsSync(adminSocket(names)) || (await unanswered(names))) {
    if (startTimeOf(pid) === undefined) throw fail(lastLine(logFile(names)));
    if (systemClock.monotonic() > deadline) throw fail(`it takes no orders after ${START_DEADLINE_MS} ms`);
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
}

/** The socket is there a moment before it answers. */
function unanswered(names: VpcNames): Promise<boolean> {
  return createClient(names)
    .status()
    .then(
      () => false,
      () => true,
    );
}

async function untilGone(names: VpcNames): Promise<boolean> {
  const deadline = systemClock.monotonic() + STOP_DEADLINE_MS;
  while (liveDaemon(names) !== undefined) {
    if (systemClock.monotonic() > deadline) return false;
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
  return true;
}

function lastLine(path: string): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.at(-1) || 'it ended without a word';
}
