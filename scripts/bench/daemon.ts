import { readFileSync } from 'node:fs';

const SOCKET = '/run/vpc-cni/cni.sock';
const POLL_MS = 5;
const PATIENCE_MS = 60_000;
/** Of the kernel's clock for process start times; the same on every Linux we run on. */
const TICKS_PER_SECOND = 100;

/** What the daemon says of itself, as far as the benchmark asks. */
export interface DaemonStatus {
  readonly pid: number;
  readonly startedAt: string;
  readonly readyAfterMs: number | null;
  readonly ready: boolean;
  readonly pool: { readonly free: number; readonly assigned: number; readonly pending: number };
}

/** What one process holds, in MB of 2^20 bytes. */
export interface Memory {
  /** Resident: what `ps` shows and the budget counts. */
  readonly resident: number;
  /** Heap, stacks and pages of the executable that were written to: nobody else's. */
  readonly anonymous: number;
  /** Pages of the executable as they are on disk: shared with every plugin process, and given back under pressure. */
  readonly file: number;
}

async function read(): Promise<DaemonStatus | undefined> {
  try {
    const answer = await fetch('http://localhost/v1/status', { unix: SOCKET, signal: AbortSignal.timeout(2000) });
    return JSON.parse(await answer.text());
  } catch {
    return undefined;
  }
}

/** Waits until the daemon says what is asked for. */
export async function awaitStatus(what: string, holds: (status: DaemonStatus) => boolean): Promise<DaemonStatus> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const status = await read();
    if (status !== undefined && holds(status)) return status;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}; last: ${JSON.stringify(status)}`);
    await Bun.sleep(POLL_MS);
  }
}

/** From the start of the process, as the kernel noted it (in steps of 10 ms), until it was ready. */
export function readyAfter(status: DaemonStatus): number {
  const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  const stat = readFileSync(`/proc/${status.pid}/stat`, 'utf8');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  // btime is in whole seconds: the uptime gives the same instant with a fraction.
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const bootMs = Date.now() - uptime * 1000;
  if (Math.abs(bootMs / 1000 - bootSeconds) > 5) throw new Error('the clock was changed since boot');
  return (
    Date.parse(status.startedAt) + (status.readyAfterMs ?? Number.NaN) - (bootMs + (ticks / TICKS_PER_SECOND) * 1000)
  );
}

/** What the process holds now. */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  const [resident, anonymous] = [kilobytes('Rss') / 1024, kilobytes('Anonymous') / 1024];
  return { resident, anonymous, file: resident - anonymous };
}
