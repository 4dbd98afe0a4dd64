import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HostError } from '../../errors/index.ts';
import type { Exec } from '../../sys/index.ts';
import { netnsHome, netnsPath, type VpcNames } from './names.ts';

const NOT_MOUNTED = 32;

/**
 * Makes a named network namespace. It is kept below the state of its VPC, and the name `ip netns` knows is a symbolic
 * link to there: one glance tells it from a namespace of the same name that somebody else made, also after a crash.
 * Not by `ip netns add`, which turns /run/netns into a shared mount of its own and leaves it behind.
 * Throws `SIM_NETNS_TAKEN`, leaving the other one alone.
 */
export async function createNetns(exec: Exec, netns: string): Promise<void> {
  const home = netnsHome(netns);
  mkdirSync(netnsPath(''), { recursive: true });
  if (lstatSync(netnsPath(netns), { throwIfNoEntry: false }) !== undefined)
    throw new HostError('SIM_NETNS_TAKEN', { netns });
  mkdirSync(dirname(home), { recursive: true, mode: 0o700 });
  closeSync(openSync(home, 'wx', 0o444));
  try {
    await exec.run({ argv: ['unshare', `--net=${home}`, '--', 'true'] });
    // Last: `ip netns` complains about a name without a namespace behind it.
    symlinkSync(home, netnsPath(netns));
  } catch (error) {
    await removeNetns(exec, netns);
    throw error;
  }
}

/** Removes a network namespace of a VPC with all its links; nothing happens when there is none, or somebody else's. */
export async function removeNetns(exec: Exec, netns: string): Promise<void> {
  const home = netnsHome(netns);
  if (leadsHome(netns)) rmSync(netnsPath(netns), { force: true });
  if (existsSync(home)) {
    await unmount(exec, home);
    rmSync(home, { force: true });
  }
}

/**
 * Takes a mount away at once, though somebody may still use it. Nothing happens where nothing is mounted: that is what
 * a creation that was interrupted leaves. `enter` are the words that go into the mount namespace it is in.
 */
export async function unmount(exec: Exec, path: string, enter: readonly string[] = []): Promise<void> {
  const [program = '', ...words] = [...enter, 'umount', '--lazy', path];
  await exec.run({ argv: [program, ...words], accept: [0, NOT_MOUNTED] });
}

/** Names of the network namespaces this VPC has made and not yet removed. */
export function ownNetns(names: VpcNames): readonly string[] {
  if (!existsSync(netnsPath(''))) return [];
  return readdirSync(netnsPath(''))
    .filter((netns) => netns.startsWith(`${names.vpc}-`) && leadsHome(netns))
    .sort();
}

/** The words that run a program inside a named network namespace. */
export function inNetnsArgv(netns: string): readonly ['nsenter', string, '--'] {
  return ['nsenter', `--net=${netnsPath(netns)}`, '--'];
}

function leadsHome(netns: string): boolean {
  try {
    return readlinkSync(netnsPath(netns)) === netnsHome(netns);
  } catch {
    // Not there, or no link: an ordinary namespace of somebody else.
    return false;
  }
}
