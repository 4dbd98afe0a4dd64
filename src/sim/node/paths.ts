import { netnsHome, nodeNetns, type VpcNames } from '../fabric/index.ts';

/** Where the parts of a node are on this machine. */
export interface NodePaths {
  readonly node: string;
  /** The node's network namespace. */
  readonly netns: string;
  readonly directory: string;
  /** File that keeps the node's mount namespace. */
  readonly mountNamespace: string;
  /** What the node has changed, by absolute path; only to be written before it is mounted. */
  readonly upper: string;
  readonly work: string;
  /** What the node reads as /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** The node's /run. */
  readonly run: string;
  /** The node's /var/lib/cni/results. */
  readonly results: string;
}

/** The directory that holds a directory per node. */
export function nodesDirectory(names: VpcNames): string {
  return `${names.stateDir}/nodes`;
}

/** The paths of a node, whether it exists or not. */
export function nodePaths(names: VpcNames, node: string): NodePaths {
  const netns = netnsHome(nodeNetns(names, node));
  const directory = `${nodesDirectory(names)}/${node}`;
  return {
    node,
    netns,
    directory,
    mountNamespace: `${directory}/mnt`,
    upper: `${directory}/upper`,
    work: `${directory}/work`,
    bootId: `${directory}/boot-id`,
    run: `${directory}/run`,
    results: `${directory}/results`,
  };
}

/** The words that run a program on a node. */
export function enterArgv(paths: NodePaths): readonly [string, ...string[]] {
  return ['nsenter', `--net=${paths.netns}`, `--mount=${paths.mountNamespace}`, '--'];
}
