import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import type { Exec } from '../../sys/index.ts';
import { unmount } from '../fabric/index.ts';
import { enterArgv, type NodePaths } from '../node/index.ts';

/** Where the node sees the namespace of a pod. */
export function sandboxPath(namespace: string, pod: string): string {
  return `/run/netns/${namespace}_${pod}`;
}

/** Reports whether the namespace file is there. */
export function sandboxExists(paths: NodePaths, netns: string): boolean {
  return existsSync(onMachine(paths, netns));
}

/** Makes the network namespace of a pod, its loopback up, visible only on its node. */
export async function createSandbox(exec: Exec, paths: NodePaths, netns: string): Promise<void> {
  closeSync(openSync(onMachine(paths, netns), 'wx', 0o444));
  await exec.run({ argv: [...enterArgv(paths), 'unshare', `--net=${netns}`, '--', 'ip', 'link', 'set', 'lo', 'up'] });
}

/** Removes the network namespace of a pod; nothing happens when there is none. */
export async function removeSandbox(exec: Exec, paths: NodePaths, netns: string): Promise<void> {
  if (!sandboxExists(paths, netns)) return;
  await unmount(exec, netns, enterArgv(paths));
  rmSync(onMachine(paths, netns), { force: true });
}

/** The words that run a program in a pod. */
export function podArgv(paths: NodePaths, netns: string): readonly [string, ...string[]] {
  return [...enterArgv(paths), 'nsenter', `--net=${netns}`, '--'];
}

const onMachine = (paths: NodePaths, netns: string): string => netns.replace(/^\/run/, paths.run);
