import { loadSettings, type Settings } from '../config/index.ts';
import { type Owner, PATHS, ROOT } from '../hostspec/index.ts';
import {
  type Clock,
  createFiles,
  type Exec,
  type Files,
  lockDirectory,
  type ReadFiles,
  readSettingFiles,
  systemClock,
  systemExec,
} from '../sys/index.ts';

/** The environment a program was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the installer works on and with. */
export interface Host {
  /** `/`, or the root of an image that is being built. */
  readonly root: string;
  /** Files below the root. */
  readonly files: Files;
  /** Files of the machine we run on, for what is copied from it. */
  readonly local: ReadFiles & Pick<Files, 'copy'>;
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Environment;
  /** Whom installed files belong to. */
  readonly owner: Owner;
}

/** Root; whoever may not give files away, as in a test of an image below a home directory, keeps them. */
function ownerOfFiles(): Owner {
  const uid = process.geteuid?.() ?? 0;
  return uid === 0 ? ROOT : { uid, gid: process.getegid?.() ?? 0 };
}

/** This machine, or the root of an image on it. */
export function openHost(root: string, env: Environment): Host {
  return {
    root,
    files: createFiles(root),
    local: createFiles('/'),
    exec: systemExec,
    clock: systemClock,
    env,
    owner: ownerOfFiles(),
  };
}

/** The settings of the host: files by name, EC2 user data, then the environment. Throws `CONFIG_INVALID` with every finding. */
export function readSettings(host: Pick<Host, 'root' | 'env'>): Settings {
  return loadSettings({ ...readSettingFiles(host.root), env: host.env }).settings;
}

/** What installers lock: a directory that every host has, so that no file is made; the root of an image may lack it. */
function lockedDirectory({ files }: Host): string {
  return files.hostPath(files.fact(PATHS.lockedDirectory).kind === 'directory' ? PATHS.lockedDirectory : '/');
}

/** How long a run waits for the boot stage of the unit, which may be waiting for the metadata service itself. */
export const LOCK_WAIT_MS = 30_000;

/**
 * Runs `work` while no other step changes this host. Each run holds this lock while it changes files, and not while it
 * waits for the daemon, whose unit runs the boot stage. Throws `LOCK_HELD`.
 */
export async function underLock<T>(host: Host, work: () => Promise<T>): Promise<T> {
  using _lock = await lockDirectory(lockedDirectory(host), { clock: host.clock, waitMs: LOCK_WAIT_MS });
  return await work();
}

/**
 * Runs `work` as the only run on this host that somebody started, from its first look to its last step; the boot stage of
 * the unit may come between. Throws `LOCK_HELD` at once.
 */
export async function asOnlyRun<T>(host: Host, work: () => Promise<T>): Promise<T> {
  const { files } = host;
  const path = [PATHS.runLockDirectory, '/usr'].find((each) => files.fact(each).kind === 'directory');
  // An empty root, as an image begins: no boot stage can come between, and changes are made under the other lock.
  if (path === undefined) return await work();
  using _lock = await lockDirectory(files.hostPath(path), { clock: host.clock, waitMs: 0 });
  return await work();
}
