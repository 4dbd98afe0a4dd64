import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { errnoCode } from './file-error.ts';

// Another file system, one without hard links, or a file that cannot have another.
const NO_LINK: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EPERM',
  'EOPNOTSUPP',
  'ENOTSUP',
  'EMLINK',
  'ENOSYS',
]);

/** Puts what was written to a file or directory on disk. */
export function syncPath(hostPath: string): void {
  const fd = openSync(hostPath, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * A copy with all that belongs to a file or link, which only cp(1) knows whole: mode, owner, times, ACLs, capabilities and
 * SELinux label. It is on disk before it is seen under its name: half of one, left by a kill, would pass for the original.
 */
function copyWhole(from: string, to: string, temporary: string): void {
  try {
    const { status, stderr, error } = spawnSync('cp', ['-a', '-T', '--', from, temporary]);
    if (status !== 0) throw error ?? new Error(stderr.toString().trim());
    if (lstatSync(temporary).isFile()) syncPath(temporary);
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Gives a file or link another name that lives on when the first is replaced: a hard link, or a whole copy. `temporary` is
 * beside the new name.
 */
export function keepObject(path: string, as: string, temporary: string): void {
  rmSync(as, { force: true });
  try {
    linkSync(path, as);
  } catch (error) {
    if (!NO_LINK.has(errnoCode(error))) throw error;
    copyWhole(path, as, temporary);
  }
}

/** Moves a file or link over whatever file or link is there, also from another file system; `temporary` is beside the target. */
export function moveObject(from: string, to: string, temporary: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoCode(error) !== 'EXDEV') throw error;
    copyWhole(from, to, temporary);
  }
  // Copied, or two names of one file: the kernel takes renaming one to the other for done and leaves both.
  rmSync(from, { force: true });
}
