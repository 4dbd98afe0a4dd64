import { readdirSync, readFileSync } from 'node:fs';
import { USER_DATA_FILE } from '../config/index.ts';
import { errnoCode, fileAttempt } from './file-error.ts';
import { rootedPath } from './rooted-path.ts';

/** A settings file as it stands on disk. */
export interface EnvFileText {
  /** Path as the host sees it, without the root it was read under. */
  readonly path: string;
  readonly text: string;
}

/** What the host has of settings, besides the environment. */
export interface SettingFiles {
  /** vpc-cni.env, then conf.d/*.env by name. */
  readonly files: readonly EnvFileText[];
  /** The settings of the EC2 user data, which the boot stage keeps; absent before it ran. */
  readonly userData: string | undefined;
}

const MAIN = '/etc/vpc-cni/vpc-cni.env';
const DROP_INS = '/etc/vpc-cni/conf.d';

function orAbsent<T>(path: string, read: () => T): T | undefined {
  return fileAttempt('read', path, () => {
    try {
      return read();
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** The settings files that exist under `root`. Throws `FILE_FAILED`, or `NOT_ROOT` when only root may look. */
export function readSettingFiles(root = '/'): SettingFiles {
  const at = (path: string): string => rootedPath(root, path, 'follow');
  const textOf = (path: string): string | undefined => orAbsent(path, () => readFileSync(at(path), 'utf8'));
  const names = orAbsent(DROP_INS, () => readdirSync(at(DROP_INS))) ?? [];
  const dropIns = names.filter((name) => name.endsWith('.env') && !name.startsWith('.')).sort();
  const files = [MAIN, ...dropIns.map((name) => `${DROP_INS}/${name}`)].flatMap((path) => {
    const text = textOf(path);
    return text === undefined ? [] : [{ path, text }];
  });
  return { files, userData: textOf(USER_DATA_FILE) };
}

/** The bytes of a file the caller named. Throws `FILE_FAILED`. */
export function readBytes(path: string): Uint8Array {
  return fileAttempt('read', path, () => readFileSync(path));
}

/** The text of a file the caller named. Throws `FILE_FAILED`. */
export function readTextFile(path: string): string {
  return fileAttempt('read', path, () => readFileSync(path, 'utf8'));
}
