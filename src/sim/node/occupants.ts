import { readdirSync, statSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { systemClock } from '../../sys/index.ts';

const KILL_DEADLINE_MS = 5_000;
const LOOK_AGAIN_MS = 5;
const KINDS = ['net', 'mnt'] as const;

/** Processes whose network or mount namespace is one of the namespace files, and is not the one we live in ourselves. */
export function occupants(namespaceFiles: readonly string[]): readonly number[] {
  const home = KINDS.map((kind) => identityOf(`/proc/self/ns/${kind}`));
  const ours = new Set(
    namespaceFiles.map(identityOf).filter((identity) => identity !== '' && !home.includes(identity)),
  );
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && KINDS.some((kind) => ours.has(identityOf(`/proc/${pid}/ns/${kind}`))));
}

/** Ends every process in the namespaces, as a power cut would, and returns when they are gone. */
export async function killOccupants(namespaceFiles: readonly string[]): Promise<void> {
  const deadline = systemClock.monotonic() + KILL_DEADLINE_MS;
  for (;;) {
    const pids = occupants(namespaceFiles);
    if (pids.length === 0) return;
    if (systemClock.monotonic() > deadline)
      throw new HostError('SIM_PROCESS_STAYS', { pids: pids.join(', '), waitedMs: KILL_DEADLINE_MS });
    for (const pid of pids) signal(pid, 'SIGKILL');
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
}

/** Sends a signal; a process that is gone already is no failure. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Device and inode, which tell files and namespaces apart; empty when nothing is there, or not ours to look at. */
export function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}
