import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createFiles, type Exec, errnoCode } from '../../sys/index.ts';
import { ownNetns, removeNetns, unmount, type VpcNames } from '../fabric/index.ts';
import { killOccupants } from './occupants.ts';
import { nodesDirectory } from './paths.ts';

/**
 * Makes the directory that holds all state of a VPC; for root a tmpfs, so that it is gone with this boot. It is private,
 * because a mount namespace can only be kept at a place that no other mount namespace mirrors.
 */
export async function createStateDir(exec: Exec, names: VpcNames): Promise<void> {
  makePrivate(names.stateDir);
  if (!isRoot()) return;
  await exec.run({ argv: ['mount', '-t', 'tmpfs', '-o', 'mode=0700', `vpc-cni-sim-${names.vpc}`, names.stateDir] });
  await exec.run({ argv: ['mount', '--make-private', names.stateDir] });
}

/** Reports whether anything of the VPC is left on this machine: state, namespaces. */
export function hasRemains(names: VpcNames): boolean {
  return existsSync(names.stateDir) || (isRoot() && ownNetns(names).length > 0);
}

/**
 * Removes everything of a VPC: processes in its namespaces, namespaces with their links, mounts, files. It looks at
 * the machine, not at what a daemon remembers, so it also works after a crash, and a second run finds nothing to do.
 */
export async function removeRemains(exec: Exec, names: VpcNames): Promise<void> {
  if (isRoot()) await removeNamespaces(exec, names);
  if (existsSync(names.stateDir)) {
    while (isMountPoint(names.stateDir)) await exec.run({ argv: ['umount', '--lazy', names.stateDir] });
    createFiles('/').removeTree(names.stateDir);
  }
  removeEmpty(dirname(names.stateDir));
}

async function removeNamespaces(exec: Exec, names: VpcNames): Promise<void> {
  const kept = [...filesIn(`${names.stateDir}/netns`), ...keptMountNamespaces(names)];
  await killOccupants({ namespaceFiles: kept, directory: nodesDirectory(names) });
  for (const netns of ownNetns(names)) await removeNetns(exec, netns);
  for (const path of kept.filter((file) => existsSync(file))) await unmount(exec, path);
}

function keptMountNamespaces(names: VpcNames): readonly string[] {
  return filesIn(nodesDirectory(names))
    .map((directory) => `${directory}/mnt`)
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
}

function filesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => `${directory}/${name}`) : [];
}

/** VPCs share the directory above, and whoever removes the last one takes it away, also while we are about to use it. */
function makePrivate(directory: string): void {
  for (;;) {
    mkdirSync(dirname(directory), { recursive: true, mode: 0o700 });
    try {
      // Not recursive: of two runs that start the same VPC at once, one fails here.
      mkdirSync(directory, { mode: 0o700 });
      return;
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error;
    }
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes(errnoCode(error) ?? '')) throw error;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether a file system is to be seen there: mountinfo also lists what lies hidden under a later mount, as in a node. */
function isMountPoint(path: string): boolean {
  return statSync(path).dev !== statSync(dirname(path)).dev;
}
