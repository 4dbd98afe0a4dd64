import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
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

/** A copy that also has mode, owner and times; of a link one with the same target. */
function copyWhole(from: string, to: string): void {
  const stat = lstatSync(from);
  if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    lchownSync(to, stat.uid, stat.gid);
    return;
  }
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  lchownSync(to, stat.uid, stat.gid);
  chmodSync(to, stat.mode & 0o7777);
  utimesSync(to, stat.atime, stat.mtime);
}

/** Gives a file or link another name that lives on when the first is replaced: a hard link, or a whole copy. */
export function keepObject(path: string, as: string): void {
  rmSync(as, { force: true });
  try {
    linkSync(path, as);
  } catch (error) {
    if (!NO_LINK.has(errnoCode(error))) throw error;
    copyWhole(path, as);
  }
}

/** Moves a file or link over whatever file or link is there, also from another file system; `temporary` is beside the target. */
export function moveObject(from: string, to: string, temporary: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoCode(error) !== 'EXDEV') throw error;
    copyWhole(from, temporary);
    renameSync(temporary, to);
    rmSync(from);
  }
  // Two names of one file: the kernel takes renaming one to the other for done and leaves both.
  rmSync(from, { force: true });
}
