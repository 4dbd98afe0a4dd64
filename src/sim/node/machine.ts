import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HostError } from '../../errors/index.ts';
import { createFiles, type Exec } from '../../sys/index.ts';
import {
  createNetns,
  EC2_ADDRESS,
  inNetnsArgv,
  nodeNetns,
  removeNetns,
  unmount,
  type VpcNames,
  writeSysctls,
} from '../fabric/index.ts';
import { keepMountNamespace } from './mount-namespace.ts';
import { killOccupants } from './occupants.ts';
import { enterArgv, type NodePaths, nodePaths } from './paths.ts';

/** Directories of the machine a node may write to: what it writes stays on its own tmpfs. */
const OVERLAID = ['/etc', '/opt', '/usr', '/var'] as const;

/** Root's own directory, too, for the locks that programs of root hold on it: another node's must not keep ours waiting. */
const HOME = '/root';

/** Below a directory with mounts of its own an overlay would show none of them, such as the tree of somebody's container. */
function overlaid(): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const below = mounts.some((line) => line.split(' ')[4]?.startsWith(`${HOME}/`));
  return below || !existsSync(HOME) ? OVERLAID : [...OVERLAID, HOME];
}

/** A node starts as an image without any CNI, whatever this machine has installed. */
const HIDDEN = [
  '/etc/cni',
  '/etc/vpc-cni',
  '/etc/systemd/system/vpc-cni-ipamd.service',
  '/opt/cni',
  '/opt/vpc-cni',
  '/usr/bin/vpc-cni',
  '/var/lib/cni',
] as const;

const SETTINGS = '/etc/vpc-cni/conf.d';

// What an EKS image sets: forwarding for pods, strict reverse path filtering as the distribution's default.
const NODE_SYSCTLS = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '1',
} as const;

/**
 * Makes a node: a network namespace and a mount namespace in which the machine's files show, but every change to them
 * is the node's own. Its ENIs come from the fabric. What was made is removed again when a step fails.
 */
export async function createMachine(exec: Exec, names: VpcNames, node: string): Promise<NodePaths> {
  const paths = nodePaths(names, node);
  if (existsSync(paths.directory)) throw new HostError('SIM_NODE_EXISTS', { node, vpc: names.vpc });
  const missing = OVERLAID.find((directory) => !existsSync(directory));
  if (missing !== undefined)
    throw new HostError('FILE_FAILED', { action: 'overlay', path: missing, reason: 'no such directory' });
  try {
    const directories = overlaid();
    makeDirectories(paths, directories);
    await hideInstalled(exec, paths);
    await boot(exec, names, paths);
    await exec.run({
      // The daemon of the node calls EC2 where the fabric serves it; metadata is at its usual address.
      argv: [...enterArgv(paths), 'tee', `${SETTINGS}/00-simulator.env`],
      input: `AWS_ENDPOINT_URL_EC2=http://${EC2_ADDRESS}\n`,
    });
  } catch (error) {
    await removeMachine(exec, names, node);
    throw error;
  }
  return paths;
}

/**
 * Ends every process of a node and starts it again: its /run is empty, its network namespace new and without a link
 * but `lo`, its boot id another; what it has written below /etc, /opt, /root, /usr and /var is still there.
 */
export async function rebootMachine(exec: Exec, names: VpcNames, node: string): Promise<void> {
  const paths = nodePaths(names, node);
  await switchOff(exec, names, paths);
  await boot(exec, names, paths);
}

/** Removes a node as a power cut would, with every process in it. Nothing happens when there is none. */
export async function removeMachine(exec: Exec, names: VpcNames, node: string): Promise<void> {
  const paths = nodePaths(names, node);
  await switchOff(exec, names, paths);
  createFiles('/').removeTree(paths.directory);
}

/** Ends every process of a node, as a power cut would; its links still hang on it. */
export function haltMachine({ mountNamespace, netns, directory }: NodePaths): Promise<void> {
  return killOccupants({ namespaceFiles: [mountNamespace, netns], directory });
}

async function boot(exec: Exec, names: VpcNames, paths: NodePaths): Promise<void> {
  const netns = nodeNetns(names, paths.node);
  await createNetns(exec, netns);
  writeSysctls(netns, NODE_SYSCTLS);
  for (const directory of ['netns', 'lock']) mkdirSync(`${paths.run}/${directory}`, { recursive: true });
  writeFileSync(paths.bootId, `${crypto.randomUUID()}\n`);
  closeSync(openSync(paths.mountNamespace, 'wx', 0o600));
  await keepMountNamespace(exec, paths.mountNamespace);
  for (const argv of insideCommands(paths)) await exec.run({ argv: [...enterArgv(paths), ...argv] });
  await exec.run({ argv: [...inNetnsArgv(netns), 'ip', 'link', 'set', 'lo', 'up'] });
}

async function switchOff(exec: Exec, names: VpcNames, paths: NodePaths): Promise<void> {
  await haltMachine(paths);
  if (existsSync(paths.mountNamespace)) {
    await unmount(exec, paths.mountNamespace);
    rmSync(paths.mountNamespace);
  }
  await removeNetns(exec, nodeNetns(names, paths.node));
  createFiles('/').removeTree(paths.run);
}

function makeDirectories(paths: NodePaths, directories: readonly string[]): void {
  for (const directory of directories) {
    // The mode of an overlay is that of its upper directory.
    mkdirSync(`${paths.upper}${directory}`, { recursive: true, mode: statSync(directory).mode & 0o7777 });
    mkdirSync(`${paths.work}${directory}`, { recursive: true });
  }
  mkdirSync(paths.results, { recursive: true, mode: 0o700 });
}

/** A character device 0/0 in the upper directory is overlayfs's sign that a name of the lower one is deleted. */
async function hideInstalled(exec: Exec, paths: NodePaths): Promise<void> {
  for (const path of HIDDEN.filter((hidden) => lstatSync(hidden, { throwIfNoEntry: false }) !== undefined)) {
    mkdirSync(dirname(`${paths.upper}${path}`), { recursive: true, mode: 0o755 });
    await exec.run({ argv: ['mknod', `${paths.upper}${path}`, 'c', '0', '0'] });
  }
}

/** In this order: the state directory itself is below /run and no longer visible once the node has its own. */
function insideCommands(paths: NodePaths): readonly (readonly [string, ...string[]])[] {
  return [
    ...readdirSync(paths.upper).map(
      (name) =>
        [
          'mount',
          '-t',
          'overlay',
          '-o',
          `lowerdir=/${name},upperdir=${paths.upper}/${name},workdir=${paths.work}/${name}`,
          'overlay',
          `/${name}`,
        ] as const,
    ),
    ['mkdir', '-p', '/var/lib/cni/results', SETTINGS],
    ['mount', '--bind', paths.results, '/var/lib/cni/results'],
    ['mount', '--bind', paths.bootId, '/proc/sys/kernel/random/boot_id'],
    ['mount', '--bind', paths.run, '/run'],
    // sysfs shows the links of the network namespace it was mounted in.
    ['mount', '-t', 'sysfs', 'sysfs', '/sys'],
  ];
}
