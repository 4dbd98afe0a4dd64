import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { HostError } from '../errors/index.ts';
import type { Clock } from './clock.ts';
import { ERRNO } from './errno.ts';
import { fileAttempt } from './file-error.ts';
import { lastErrno, lastErrnoName, libc } from './libc.ts';

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

function tryOnce(path: string): Lock | 'held' | 'vanished' {
  const fd = fileAttempt('open the lock', path, () => openSync(path, 'a+', 0o600));
  if (libc.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const errno = lastErrno();
    const reason = lastErrnoName();
    closeSync(fd);
    if (errno === ERRNO.EWOULDBLOCK || errno === ERRNO.EAGAIN) return 'held';
    throw new HostError('FILE_FAILED', { action: 'lock', path, reason });
  }
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

/**
 * Takes the lock file at a path of this machine, waiting up to `waitMs` for another holder.
 * Throws `LOCK_HELD` with the holder's pid.
 */
export async function takeLock(
  path: string,
  options: { readonly clock: Clock; readonly waitMs: number },
): Promise<Lock> {
  const { clock, waitMs } = options;
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    const outcome = tryOnce(path);
    if (outcome === 'vanished') continue;
    if (outcome !== 'held') return outcome;
    if (clock.monotonic() >= deadline) {
      const pid = statSync(path, { throwIfNoEntry: false }) ? readFileSync(path, 'utf8').trim() : '';
      throw new HostError('LOCK_HELD', { path, pid });
    }
    await clock.sleep(POLL_MS);
  }
}
