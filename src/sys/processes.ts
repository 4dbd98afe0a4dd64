import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { HostError } from '../errors/index.ts';
import { errnoCode } from './file-error.ts';

/** A process that cannot be mistaken for a later one with the same number: its start time, in ticks since boot. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: string;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A child of ours, with our own output. */
export interface Child {
  readonly id: ProcessId;
  readonly ended: Promise<ProcessEnd>;
}

function statOf(pid: number): { readonly state: string; readonly startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks; state is field 3 and the start time field 22 (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTime: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** The process with this number that lives now; a zombie does not. */
export function identifyProcess(pid: number): ProcessId | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat.state === 'Z' ? undefined : { pid, startTime: stat.startTime };
}

/** Reports whether exactly this process lives. */
export function isAlive(id: ProcessId): boolean {
  return identifyProcess(id.pid)?.startTime === id.startTime;
}

/** Signals exactly this process; does nothing when it is gone. */
export function signalProcess(id: ProcessId, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch (error) {
    if (errnoCode(error) !== 'ESRCH') throw error;
  }
}

/** What to run, without a shell. */
export interface Launch {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Starts a child that writes where we write. */
export function startChild(launch: Launch): Child {
  const [program, ...args] = launch.argv;
  const child = spawn(program, args, { cwd: '/', env: launch.env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.on('error', () => resolve({ code: undefined, signal: undefined }));
    child.on('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  const { pid } = child;
  if (pid === undefined) throw new HostError('EXEC_FAILED', { argv: program, outcome: 'could not be started' });
  // A child that has ended already stays a zombie, with its times, until our event loop runs again.
  return { id: { pid, startTime: statOf(pid)?.startTime ?? '' }, ended };
}

/** The file a process was started from, even one that has been replaced or removed since. */
export interface ProcessImage {
  readonly pid: number;
  /** Its path when it was started. */
  readonly path: string;
  /** Tells whether two names are one file, like `fileIdentity()`. */
  readonly identity: string;
}

const REMOVED = / \(deleted\)$/;

/** Device and inode of what a path of this machine leads to; `undefined` when it leads nowhere. */
export function fileIdentity(hostPath: string): string | undefined {
  try {
    const { dev, ino } = statSync(hostPath);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** What this process runs; `undefined` when it is gone or belongs to the kernel. */
export function processImage(pid: number): ProcessImage | undefined {
  try {
    const exe = `/proc/${pid}/exe`;
    const path = readlinkSync(exe).replace(REMOVED, '');
    const identity = fileIdentity(exe);
    return identity === undefined ? undefined : { pid, path, identity };
  } catch {
    return undefined;
  }
}

/** What every process runs, as far as we may see it. */
export function processImages(): readonly ProcessImage[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => processImage(Number(pid))).filter((image) => image !== undefined);
}

/** How long ago a process was started, in milliseconds; exact to a tick of 10 ms. */
export function processAgeMs(id: ProcessId): number {
  // Both are counted from the boot; a tick is 1/100 s in everything the kernel tells user space (proc_pid_stat(5)).
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return uptime * 1000 - Number(id.startTime) * 10;
}
