import { dlopen, ptr } from 'bun:ffi';
import { closeSync, readSync, writeSync } from 'node:fs';
import { until } from './e2e.ts';
import { procText } from './guest-keeper.ts';

const libc = dlopen('libc.so.6', {
  pipe2: { args: ['ptr', 'i32'], returns: 'i32' },
  fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
});

// Linux, the same on x86-64 and arm64 but for O_DIRECT (fcntl.h).
const O_CLOEXEC = 0o2000000;
const O_DIRECT = process.arch === 'arm64' ? 0o200000 : 0o40000;
const F_SETPIPE_SZ = 1031;
const FIONREAD = 0x541b;
const ONE_PAGE = 4096;

/** Both ends of a pipe that holds a single write (pipe(2), `O_DIRECT`): the next one waits until that was read. */
function narrowPipe(): { readonly reading: number; readonly writing: number } {
  const fds = new Int32Array(2);
  const [reading, writing] = libc.symbols.pipe2(ptr(fds), O_CLOEXEC | O_DIRECT) === 0 ? fds : [];
  if (reading === undefined || writing === undefined) throw new Error('pipe2 failed');
  if (libc.symbols.fcntl(reading, F_SETPIPE_SZ, ONE_PAGE) !== ONE_PAGE) throw new Error('the pipe cannot be narrowed');
  return { reading, writing };
}

/** The program itself: entering a process namespace takes a child. */
function programOf(pid: number): number | undefined {
  const child = Number(procText(pid, `task/${pid}/children`).trim().split(' ')[0]);
  return child > 0 ? child : undefined;
}

function readPacket(fd: number): string {
  const packet = Buffer.alloc(ONE_PAGE);
  return packet.subarray(0, readSync(fd, packet)).toString();
}

/** Whether what was written last still waits to be read. */
function isFull(fd: number): boolean {
  const bytes = new Int32Array(1);
  return libc.symbols.ioctl(fd, FIONREAD, ptr(bytes)) === 0 && bytes[0] !== 0;
}

/** Whether the program tries in vain to write: our executable sleeps a millisecond between two attempts (`src/bin/main.ts`). */
function isHeld(pid: number): boolean {
  const sleep = process.arch === 'arm64' ? '115' : '230';
  return procText(pid, 'syscall').split(' ')[0] === sleep;
}

/** How a run ended that was to be killed after a step. */
export type Killed = { readonly kind: 'killed'; readonly lines: readonly string[] } | { readonly kind: 'finished' };

/**
 * Runs a program that writes a line after each step, and kills it when so many are done and the next has not begun: there
 * it stands still, in the write of a line for which the pipe has no room. `lines` are those it wrote before. With more
 * steps than the program has, it finishes.
 */
export async function killAfterStep(argv: readonly [string, ...string[]], steps: number): Promise<Killed> {
  const { reading, writing } = narrowPipe();
  const lines: string[] = [];
  try {
    // Takes the only room there is, so that already the first line has to wait.
    writeSync(writing, 'nothing');
    const child = Bun.spawn([...argv], { stdio: ['ignore', writing, 'ignore'] });
    for (;;) {
      const look = (): number | 'ended' | undefined => {
        if (child.exitCode !== null || child.signalCode !== null) return 'ended';
        const pid = programOf(child.pid);
        return pid !== undefined && isFull(reading) && isHeld(pid) ? pid : undefined;
      };
      const program = await until('the program to finish a step', look, { everyMs: 1 });
      if (program === 'ended') return { kind: 'finished' };
      if (lines.length + 1 === steps) {
        process.kill(program, 'SIGKILL');
        await child.exited;
        return { kind: 'killed', lines: lines.slice(1) };
      }
      lines.push(readPacket(reading));
    }
  } finally {
    for (const fd of [reading, writing]) closeSync(fd);
  }
}
