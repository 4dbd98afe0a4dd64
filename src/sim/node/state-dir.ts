import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Exec } from '../../sys/index.ts';
import { listNetns, netnsPath, ownNetns, removeNetns, type VpcNames } from '../fabric/index.ts';
import { killOccupants } from './occupants.ts';
import { nodesDirectory } from './paths.ts';

const NOT_MOUNTED = 32;

/**
 * Mounts the tmpfs that holds all state of a VPC. It is private, because a mount namespace can only be kept at a place
 * that no other mount namespace mirrors.
 */
export async function createStateDir(exec: Exec, names: VpcNames): Promise<void> {
  mkdirSync(dirname(names.stateDir), { recursive: true, mode: 0o700 });
  // Not recursive: of two runs that start the same VPC at once, one fails here.
  mkdirSync(names.stateDir, { mode: 0o700 });
  await exec.run({ argv: ['mount', '-t', 'tmpfs', '-o', 'mode=0700', `vpc-cni-sim-${names.vpc}`, names.stateDir] });
  await exec.run({ argv: ['mount', '--make-private', names.stateDir] });
}

/** Reports whether anything of the VPC is left on this machine: state, namespaces. */
export function hasRemains(names: VpcNames): boolean {
  return existsSync(names.stateDir) || ownNetns(names, listNetns()).length > 0;
}

/**
 * Removes everything of a VPC: processes in its namespaces, namespaces with their links, mounts, files. It looks at
 * the machine, not at what a daemon remembers, so it also works after a crash, and a second run finds nothing to do.
 */
export async function removeRemains(exec: Exec, names: VpcNames): Promise<void> {
  const netns = ownNetns(names, listNetns());
  const mountNamespaces = keptMountNamespaces(names);
  await killOccupants([...netns.map(netnsPath), ...mountNamespaces]);
  for (const path of mountNamespaces) await exec.run({ argv: ['umount', '--lazy', path], accept: [0, NOT_MOUNTED] });
  for (const name of netns) await removeNetns(exec, name);
  if (!existsSync(names.stateDir)) return;
  while (isMountPoint(names.stateDir)) await exec.run({ argv: ['umount', '--lazy', names.stateDir] });
  rmdirSync(names.stateDir);
  const root = dirname(names.stateDir);
  if (readdirSync(root).length === 0) rmdirSync(root);
}

function keptMountNamespaces(names: VpcNames): readonly string[] {
  const directory = nodesDirectory(names);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .map((node) => `${directory}/${node}/mnt`)
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
}

function isMountPoint(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === path);
}
