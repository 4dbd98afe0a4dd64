import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { systemClock } from '../../sys/index.ts';

const KILL_DEADLINE_MS = 5_000;
const LOOK_AGAIN_MS = 5;
const KINDS = ['net', 'mnt'] as const;

/** Where processes are looked for. */
export interface Whereabouts {
  /** Files that keep network and mount namespaces. */
  readonly namespaceFiles: readonly string[];
  /** A directory in the state of the VPC: whoever has something below it mounted lives in a copy of a node's namespace. */
  readonly directory: string;
}

/**
 * Processes in one of the namespaces, unless it is the one we live in ourselves, and in namespaces that processes of a
 * node have made for themselves: those have no file, but a node's own mounts are copied into them.
 */
export function occupants({ namespaceFiles, directory }: Whereabouts): readonly number[] {
  const home = KINDS.map((kind) => identityOf(`/proc/self/ns/${kind}`));
  const ours = new Set(
    namespaceFiles.map(identityOf).filter((identity) => identity !== '' && !home.includes(identity)),
  );
  const mounts = mountsBelow(directory);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid)) return false;
      const [net = '', mnt = ''] = KINDS.map((kind) => identityOf(`/proc/${pid}/ns/${kind}`));
      return ours.has(net) || ours.has(mnt) || (mnt !== '' && !home.includes(mnt) && hasMount(pid, mounts));
    });
}

/** Ends every such process, as a power cut would, and returns when they are gone. */
export async function killOccupants(whereabouts: Whereabouts): Promise<void> {
  const deadline = systemClock.monotonic() + KILL_DEADLINE_MS;
  for (;;) {
    const pids = occupants(whereabouts);
    if (pids.length === 0) return;
    if (systemClock.monotonic() > deadline)
      throw new HostError('SIM_PROCESS_STAYS', { pids: pids.join(', '), waitedMs: KILL_DEADLINE_MS });
    for (const pid of pids) signal(pid, 'SIGKILL');
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
}

/**
 * What a line of mountinfo says of a mount of anything below a directory: the device, which tells our state from that of
 * a simulator in a container, and the path on it (proc_pid_mountinfo(5)). `undefined` when the directory is not there.
 */
function mountsBelow(directory: string): string | undefined {
  const mounted = readTable('self')
    .map((line) => line.split(' '))
    .filter(([, , , , point = '/']) => `${directory}/`.startsWith(`${point}/`))
    .at(-1);
  if (mounted === undefined || !existsSync(directory)) return undefined;
  const [, , device, root = '/', point = ''] = mounted;
  return ` ${device} ${root === '/' ? '' : root}${directory.slice(point.length)}/`;
}

function hasMount(pid: number, mounts: string | undefined): boolean {
  return mounts !== undefined && readTable(pid).some((line) => line.includes(mounts));
}

function readTable(pid: number | 'self'): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
  } catch {
    // It has ended meanwhile.
    return [];
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
