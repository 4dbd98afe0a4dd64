import { readdirSync, readFileSync } from 'node:fs';
import { median } from './rows.ts';

/** Where our daemon listens. */
export const DAEMON_SOCKET = '/run/vpc-cni/cni.sock';
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
    const answer = await fetch('http://localhost/v1/status', {
      unix: DAEMON_SOCKET,
      signal: AbortSignal.timeout(2000),
    });
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

/** Milliseconds of processor time a process has used, all its threads together. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = (id: string): number =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  return threads.reduce((sum, id) => sum + nanoseconds(id), 0) / 1e6;
}

const METRICS = 'http://127.0.0.1:61678/metrics';

/** How long the daemon's successful ADDs have taken so far, all together. */
export async function secondsOfAdds(): Promise<number> {
  const text = await (await fetch(METRICS)).text();
  return Number(/^vpccni_add_seconds_sum\{outcome="ok"\} (\S+)$/m.exec(text)?.[1] ?? 0);
}

/** The most a process has ever held, in MB. */
export function peakOf(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** The daemon gives memory back 10 s after its last work. */
const GIVEN_BACK_MS = 12_000;
/** Its slow check comes once in this time, and brings pages of the executable back for some seconds. */
const SLOW_CHECK_MS = 30_000;
const LOOK_MS = 250;

/** What the process holds once it is idle: the median of some looks. */
export async function idleMemory(pid: number): Promise<Memory> {
  await Bun.sleep(GIVEN_BACK_MS);
  return memoryDuring(pid, SLOW_CHECK_MS);
}

/** What the process holds in the median during so long. */
export async function memoryDuring(pid: number, ms: number): Promise<Memory> {
  const looks: Memory[] = [];
  for (const end = performance.now() + ms; performance.now() < end; await Bun.sleep(LOOK_MS)) looks.push(memoryOf(pid));
  const at = (key: keyof Memory): number => median(looks.map((look) => look[key]));
  return { resident: at('resident'), anonymous: at('anonymous'), file: at('file') };
}

/** What the process holds now. */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  const [resident, anonymous] = [kilobytes('Rss') / 1024, kilobytes('Anonymous') / 1024];
  return { resident, anonymous, file: resident - anonymous };
}
