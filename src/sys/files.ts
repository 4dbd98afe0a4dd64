import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HostError } from '../errors/index.ts';
import { errnoCode, fileAttempt } from './file-error.ts';
import { keepObject, moveObject, syncPath } from './keep.ts';
import { rootedPath } from './rooted-path.ts';

/** Whom a file belongs to, by number. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** What stands at a path; the last name is not followed. `mtimeMs` and `inode` change whenever the content does. */
export type FileFact =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      readonly mode: number;
      readonly owner: FileOwner;
      readonly size: number;
      readonly mtimeMs: number;
      readonly inode: number;
    }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory'; readonly mode: number; readonly owner: FileOwner }
  | { readonly kind: 'other' };

/** Looks at files below a root. */
export interface ReadFiles {
  /** The text of a regular file; `undefined` when there is none. */
  read(path: string): string | undefined;
  fact(path: string): FileFact;
  /** Names in a directory, sorted; none when it is absent. */
  list(path: string): readonly string[];
  /** Hex digest of a file's content. */
  sha256(path: string): string;
  checksum(path: string, algorithm: 'sha256' | 'sha512'): string;
}

/** What an atomic write may find at its target: nothing or the same kind of object, or also the named other kind. */
export interface Replacement {
  readonly path: string;
  readonly over?: 'link' | 'file';
}

/** Changes files below a root. Whatever a crash interrupts, each path has its whole old or its whole new content. */
export interface WriteFiles {
  replace(file: Replacement & { readonly text: string | Uint8Array; readonly mode: number }): void;
  link(link: Replacement & { readonly target: string }): void;
  /** Copies `from` (a path of this machine, not of the root), by reflink where the file system can. */
  copy(copy: Replacement & { readonly from: string; readonly mode: number }): void;
  /** Makes the directory and its parents; the mode is applied to one it makes. */
  ensureDirectory(path: string, mode: number): void;
  /** Writes into an existing file: the kernel's files (/proc, /sys) cannot be replaced. */
  writeInPlace(file: { readonly path: string; readonly text: string }): void;
  /** Empties a file that others have open and write to at its end. */
  empty(path: string): void;
  setMode(file: { readonly path: string; readonly mode: number; readonly owner: FileOwner }): void;
  /** Gives a file or link another name, under which it lives on, as it is, when the first is replaced. */
  keep(path: string, as: string): void;
  /** Moves a file or link over the one that is there, or a folder to a free name; with mode, owner and times. */
  move(from: string, path: string): void;
  /** Removes a file, a link or an empty directory; absent or not empty is no failure. */
  remove(path: string): void;
  /** Removes everything below a path; only for directories that are wholly ours. */
  removeTree(path: string): void;
}

/** Both ports under one root, and the root's own way to name a path. */
export interface Files extends ReadFiles, WriteFiles {
  /** The path of this machine behind a path of the root. */
  hostPath(path: string): string;
}

const HASH_CHUNK_BYTES = 1 << 20;

function factOf(hostPath: string): FileFact {
  const stat = lstatSync(hostPath, { throwIfNoEntry: false });
  if (stat === undefined) return { kind: 'absent' };
  const mode = stat.mode & 0o7777;
  const owner = { uid: stat.uid, gid: stat.gid };
  if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(hostPath) };
  if (stat.isDirectory()) return { kind: 'directory', mode, owner };
  if (!stat.isFile()) return { kind: 'other' };
  return { kind: 'file', mode, owner, size: stat.size, mtimeMs: stat.mtimeMs, inode: stat.ino };
}

/** Hex digest of a file of this machine, read in pieces so that a large executable is never held in memory. */
function digestOf(hostPath: string, algorithm: 'sha256' | 'sha512'): string {
  return fileAttempt('read', hostPath, () => {
    const hasher = new Bun.CryptoHasher(algorithm);
    const chunk = new Uint8Array(HASH_CHUNK_BYTES);
    const fd = openSync(hostPath, 'r');
    try {
      for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
        hasher.update(chunk.subarray(0, length));
      }
    } finally {
      closeSync(fd);
    }
    return hasher.digest('hex');
  });
}

const SAYS = { link: 'a symbolic link', directory: 'a directory', other: 'a special file' } as const;

function refuse(hostPath: string, allowed: readonly FileFact['kind'][]): void {
  const fact = factOf(hostPath);
  if (fact.kind === 'absent' || allowed.includes(fact.kind)) return;
  if (fact.kind === 'file') {
    throw new HostError('FILE_FAILED', { action: 'link', path: hostPath, reason: 'a regular file stands there' });
  }
  throw new HostError('FILE_NOT_REGULAR', { path: hostPath, found: SAYS[fact.kind] });
}

/** A directory with the set-group-id bit gives new files its own group. */
function giveToRoot(fd: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = fstatSync(fd);
  // The daemon's sandbox knows no chown(2), and needs none.
  if (uid !== 0 || gid !== 0) fchownSync(fd, 0, 0);
}

function temporaryBeside(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
}

/**
 * Puts something new at `target`: `make` fills a fresh name in the same folder, then one rename shows it. The name ends
 * in `.tmp`, which container runtimes do not take for a network configuration.
 */
function swapIn(target: string, make: (temporary: string) => void): void {
  const temporary = temporaryBeside(target);
  try {
    make(temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncPath(dirname(target));
}

/** The files below `root`; `/` is the machine itself. Every failure is `FILE_FAILED` or `FILE_NOT_REGULAR`. */
export function createFiles(root: string): Files {
  const at = (path: string): string => rootedPath(root, path, 'keep');
  const through = (path: string): string => rootedPath(root, path, 'follow');
  const absentAs = <T>(value: T, error: unknown): T => {
    if (errnoCode(error) === 'ENOENT') return value;
    throw error;
  };
  return {
    hostPath: at,
    read: (path) =>
      fileAttempt('read', at(path), () => {
        const hostPath = through(path);
        if (!statSync(hostPath, { throwIfNoEntry: false })) return undefined;
        return readFileSync(hostPath, 'utf8');
      }),
    fact: (path) => fileAttempt('look at', at(path), () => factOf(at(path))),
    list: (path) =>
      fileAttempt('list', at(path), () => {
        try {
          return readdirSync(through(path)).sort();
        } catch (error) {
          return absentAs([], error);
        }
      }),
    sha256: (path) => digestOf(through(path), 'sha256'),
    checksum: (path, algorithm) => digestOf(through(path), algorithm),
    replace: ({ path, text, mode, over }) =>
      fileAttempt('write', at(path), () => {
        refuse(at(path), over === 'link' ? ['file', 'link'] : ['file']);
        swapIn(at(path), (temporary) => {
          const fd = openSync(temporary, 'wx', 0o600);
          try {
            writeFileSync(fd, text);
            giveToRoot(fd);
            fchmodSync(fd, mode);
            fsyncSync(fd);
          } finally {
            closeSync(fd);
          }
        });
      }),
    link: ({ path, target, over }) =>
      fileAttempt('link', at(path), () => {
        refuse(at(path), over === 'file' ? ['link', 'file'] : ['link']);
        swapIn(at(path), (temporary) => symlinkSync(target, temporary));
      }),
    copy: ({ path, from, mode, over }) =>
      fileAttempt('copy a file to', at(path), () => {
        refuse(at(path), over === 'link' ? ['file', 'link'] : ['file']);
        swapIn(at(path), (temporary) => {
          copyFileSync(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
          const fd = openSync(temporary, 'r');
          try {
            giveToRoot(fd);
            // Mode before rename: a plugin must never be seen, and run, without its execute bits.
            fchmodSync(fd, mode);
            fsyncSync(fd);
          } finally {
            closeSync(fd);
          }
        });
      }),
    ensureDirectory: (path, mode) =>
      fileAttempt('make the directory', at(path), () => {
        const hostPath = through(path);
        // Whatever the umask is: a plugin directory that only root can read would be a riddle.
        if (mkdirSync(hostPath, { recursive: true, mode }) !== undefined) chmodSync(hostPath, mode);
      }),
    setMode: ({ path, mode, owner }) =>
      fileAttempt('set mode and owner of', at(path), () => {
        // Owner first: a change of owner takes the set-user-id bits away.
        lchownSync(at(path), owner.uid, owner.gid);
        chmodSync(at(path), mode);
      }),
    keep: (path, as) =>
      fileAttempt('keep a copy of', at(path), () => {
        keepObject(at(path), at(as), temporaryBeside(at(as)));
        syncPath(dirname(at(as)));
      }),
    move: (from, path) =>
      fileAttempt('put back', at(path), () => {
        moveObject(at(from), at(path), temporaryBeside(at(path)));
        syncPath(dirname(at(path)));
      }),
    writeInPlace: ({ path, text }) =>
      // Writing nothing would be no write: the kernel empties a value by an empty line.
      fileAttempt(`write "${text}" into`, at(path), () => writeFileSync(through(path), text || '\n', { flag: 'r+' })),
    empty: (path) => fileAttempt('empty', at(path), () => truncateSync(through(path))),
    remove: (path) =>
      fileAttempt('remove', at(path), () => {
        const { kind } = factOf(at(path));
        if (kind === 'absent') return;
        if (kind !== 'directory') return unlinkSync(at(path));
        try {
          rmdirSync(at(path));
        } catch (error) {
          if (errnoCode(error) !== 'ENOTEMPTY') throw error;
        }
      }),
    removeTree: (path) => fileAttempt('remove', at(path), () => rmSync(at(path), { recursive: true, force: true })),
  };
}
