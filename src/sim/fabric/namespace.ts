import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import type { Exec } from '../../sys/index.ts';
import { netnsPath } from './names.ts';

const NOT_MOUNTED = 32;

/**
 * Makes a named network namespace. Not by `ip netns add`, which also turns /run/netns into a shared mount of its own
 * and leaves it behind; `ip netns` lists and deletes this one all the same.
 */
export async function createNetns(exec: Exec, netns: string): Promise<void> {
  const path = netnsPath(netns);
  mkdirSync(netnsPath(''), { recursive: true });
  closeSync(openSync(path, 'wx', 0o444));
  try {
    await exec.run({ argv: ['unshare', `--net=${path}`, '--', 'true'] });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Removes a named network namespace with all its links; nothing happens when there is none. */
export async function removeNetns(exec: Exec, netns: string): Promise<void> {
  const path = netnsPath(netns);
  if (!existsSync(path)) return;
  // Status 32: a name without a namespace behind it, left by a creation that was interrupted.
  await exec.run({ argv: ['umount', '--lazy', path], accept: [0, NOT_MOUNTED] });
  rmSync(path, { force: true });
}

/** Names of all named network namespaces. */
export function listNetns(): readonly string[] {
  return existsSync(netnsPath('')) ? readdirSync(netnsPath('')) : [];
}

/** The words that run a program inside a named network namespace. */
export function inNetnsArgv(netns: string): readonly ['nsenter', string, '--'] {
  return ['nsenter', `--net=${netnsPath(netns)}`, '--'];
}
