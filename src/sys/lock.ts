import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { HostError } from '../errors/index.ts';
import type { Clock } from './clock.ts';
import { ERRNO } from './errno.ts';
import { fileAttempt } from './file-error.ts';
import { lastErrno, lastErrnoName, libc } from './libc.ts';
import { flockHolder } from './lock-holder.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const POLL_MS = 20;

/** A held lock; disposing gives it back and removes its file. The kernel gives it back when the process dies. */
export type Lock = Disposable & { readonly path: string };

/** Another run may have removed the file between our open and our lock; then we hold a lock nobody else will see. */
function isStillThere(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there !== undefined && there.ino === fstatSync(fd).ino;
}

/** For the message of whoever finds it held. A file system that is full must not keep us from removing what fills it. */
function note(fd: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch {
    // Then the message names no pid.
  }
}

/** Locks an open file or directory; closes it when somebody else holds the lock. */
function tryFlock(fd: number, path: string): 'locked' | 'held' {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return 'locked';
  const errno = lastErrno();
  const reason = lastErrnoName();
  closeSync(fd);
  if (errno === ERRNO.EWOULDBLOCK || errno === ERRNO.EAGAIN) return 'held';
  throw new HostError('FILE_FAILED', { action: 'lock', path, reason });
}

function tryFile(path: string): Lock | 'held' | 'vanished' {
  const fd = fileAttempt('open the lock', path, () => openSync(path, 'a+', 0o600));
  if (tryFlock(fd, path) === 'held') return 'held';
  if (!isStillThere(fd, path)) {
    closeSync(fd);
    return 'vanished';
  }
  note(fd);
  const release = (): void => {
    if (isStillThere(fd, path)) unlinkSync(path);
    closeSync(fd);
  };
  return { path, [Symbol.dispose]: release };
}

function tryDirectory(path: string): Lock | 'held' {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  const fd = fileAttempt('open the lock', path, () => openSync(path, flags));
  return tryFlock(fd, path) === 'held' ? 'held' : { path, [Symbol.dispose]: () => closeSync(fd) };
}

interface Patience {
  readonly clock: Clock;
  readonly waitMs: number;
}

async function insistOnLock(
  path: string,
  { clock, waitMs }: Patience,
  attempt: { readonly take: () => Lock | 'held' | 'vanished'; readonly holder: () => string },
): Promise<Lock> {
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    const outcome = attempt.take();
    if (outcome === 'vanished') continue;
    if (outcome !== 'held') return outcome;
    if (clock.monotonic() >= deadline) throw new HostError('LOCK_HELD', { path, pid: attempt.holder() });
    await clock.sleep(POLL_MS);
  }
}

/**
 * Takes the lock file at a path of this machine, waiting up to `waitMs` for another holder.
 * Throws `LOCK_HELD` with the holder's pid.
 */
export async function takeLock(path: string, patience: Patience): Promise<Lock> {
  const holder = (): string => (statSync(path, { throwIfNoEntry: false }) ? readFileSync(path, 'utf8').trim() : '');
  return await insistOnLock(path, patience, { take: () => tryFile(path), holder });
}

/**
 * As `takeLock`, on a directory that is there already: nothing is made, written or touched. The holder's pid comes from
 * the kernel's list.
 */
export async function lockDirectory(path: string, patience: Patience): Promise<Lock> {
  return await insistOnLock(path, patience, { take: () => tryDirectory(path), holder: () => flockHolder(path) });
}
