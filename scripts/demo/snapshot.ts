import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { SimStatus } from '../../src/sim/index.ts';
import { type Cli, type Output, run } from './cli.ts';
import { NODES, type NodeName } from './plan.ts';

/** What there is, one line for each thing, so that two snapshots are compared as sets and a difference reads by itself. */
export type Snapshot = readonly string[];

/** Lines of `after` that are not in `before`. */
export function added(before: Snapshot, after: Snapshot): Snapshot {
  const known = new Set(before);
  return after.filter((line) => !known.has(line));
}

/** Commands whose output is a line for each thing the kernel holds in a network namespace. */
const KERNEL = [
  { what: 'link', argv: ['ip', '-brief', 'link'], words: 1 },
  { what: 'rule', argv: ['ip', '-4', 'rule'] },
  { what: 'IPv6 rule', argv: ['ip', '-6', 'rule'] },
  { what: 'route', argv: ['ip', '-4', 'route', 'show', 'table', 'all'] },
  { what: 'IPv6 route', argv: ['ip', '-6', 'route', 'show', 'table', 'all'] },
  { what: 'nft', argv: ['nft', 'list', 'tables'] },
] as const satisfies readonly { what: string; argv: readonly [string, ...string[]]; words?: number }[];

/** All that is ours on a node lies below these. */
const NODE_PLACES = [
  ...['/etc/cni', '/etc/vpc-cni', '/opt/cni', '/opt/vpc-cni', '/usr/bin/vpc-cni', '/run/vpc-cni'],
  ...['/etc/systemd/system', '/etc/sysctl.d'],
];

/** Settings of the kernel an installation changes. */
const NODE_SYSCTLS = ['net.ipv4.conf.eth0.rp_filter', 'net.ipv4.tcp_early_demux', 'net.ipv4.ip_forward'];

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Counters that run by themselves are no difference. */
const steady = (line: string): string =>
  line
    .replaceAll(/\s+expires \d+sec/g, '')
    .trim()
    .replaceAll(/\s+/g, ' ');

/** The kernel gives every link a link-local address some seconds after it is up: nobody's leftover. */
const linkLocal = (line: string): boolean => /\bfe80:.*\bproto kernel\b/.test(line);

type Ask = (argv: readonly [string, ...string[]]) => Promise<Output>;

async function kernelLines(ask: Ask): Promise<Snapshot> {
  const answers = await Promise.all(
    KERNEL.map(async (look) => {
      const { stdout } = await ask(look.argv);
      const shown = 'words' in look ? (line: string) => line.split(/\s+/).slice(0, look.words).join(' ') : steady;
      return lines(stdout)
        .filter((line) => !linkLocal(line))
        .map((line) => `${look.what} ${shown(line)}`);
    }),
  );
  return answers.flat();
}

/** This machine, outside every node: links, rules, routes and packet filter tables of its own namespace. */
export function machineSnapshot(signal: AbortSignal): Promise<Snapshot> {
  // A machine without IPv6 refuses to list its rules; that is the same before and after.
  return kernelLines((argv) => run(argv, signal, { accept: [0, 1, 2, 255] }));
}

/** A node: the same, its files and its kernel settings. */
export async function nodeSnapshot(cli: Cli, node: NodeName): Promise<Snapshot> {
  const ask: Ask = (argv) => cli.onNode(node, argv, { accept: [0, 1, 2, 255] });
  const [kernel, files, sysctls] = await Promise.all([
    kernelLines(ask),
    ask(['find', ...NODE_PLACES]),
    ask(['sysctl', ...NODE_SYSCTLS]),
  ]);
  const found = [...kernel, ...lines(files.stdout).map((line) => `file ${line}`), ...lines(sysctls.stdout)];
  return found.map((line) => `${node}: ${line}`);
}

/** Every ENI the simulated EC2 knows, with its place and addresses. */
export function eniSnapshot(status: SimStatus): Snapshot {
  const attached = status.nodes.flatMap(({ name, enis }) => enis.map((eni) => ({ ...eni, place: `on ${name}` })));
  const loose = status.availableEnis.map((eni) => ({ ...eni, place: 'on no instance' }));
  return [...attached, ...loose].map((eni) => `EC2: ${eni.id} ${eni.place} with ${eni.addresses.join(' ')}`);
}

/** What carries the name of a VPC on this machine: namespaces, mounts, state. Nothing while the name is free. */
export function vpcSnapshot(vpc: string): Snapshot {
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  const mounts = lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) => line.split(' ')[4] ?? '');
  const state = `/run/vpc-cni-sim/${vpc}`;
  return [
    ...namespaces.filter((name) => name.startsWith(`${vpc}-`)).map((name) => `namespace ${name}`),
    ...mounts
      .filter((at) => at === state || at.startsWith(`${state}/`) || at.startsWith(`/run/netns/${vpc}-`))
      .map((at) => `mount ${at}`),
    ...[state, `/run/vpc-cni-sim-${vpc}.lock`].filter((path) => existsSync(path)).map((path) => `file ${path}`),
    ...serverOf(vpc).map((pid) => `process ${pid} that serves ${vpc}`),
  ];
}

const pids = (): readonly string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

function serverOf(vpc: string): readonly string[] {
  return pids().filter((pid) => {
    const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
    return words.includes('serve') && words[words.indexOf('--name') + 1] === vpc;
  });
}

/**
 * The namespaces of the nodes, as the kernel writes them: `net:[4026532281]`. Only good while the nodes are there: the
 * kernel gives the number of a namespace that is gone to the next one.
 */
export async function namespacesOf(cli: Cli): Promise<readonly string[]> {
  const links = NODES.map((node) => cli.onNode(node, ['readlink', '/proc/self/ns/net', '/proc/self/ns/mnt']));
  return (await Promise.all(links)).flatMap(({ stdout }) => lines(stdout));
}

/** A process, told apart from a later one with the same pid by its start time. */
export interface Occupant {
  readonly pid: string;
  readonly startTime: string;
  readonly name: string;
}

/** Processes that live in one of the namespaces; those of pods share the files of their node. */
export function occupantsOf(namespaces: readonly string[]): readonly Occupant[] {
  return pids().flatMap((pid) => {
    const home = ['net', 'mnt'].map((kind) => attempt(() => readlinkSync(`/proc/${pid}/ns/${kind}`)) ?? '');
    const startTime = startTimeOf(pid);
    if (startTime === undefined || !home.some((name) => namespaces.includes(name))) return [];
    return [{ pid, startTime, name: attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? '?' }];
  });
}

/** Those that have not ended, one line each. */
export function stillRunning(occupants: readonly Occupant[]): Snapshot {
  return occupants
    .filter(({ pid, startTime }) => startTimeOf(pid) === startTime)
    .map(({ pid, name }) => `process ${pid} (${name}) of a node`);
}

/** Reports whether a process lives on a node; what is killed must be the demo's own. */
export function livesIn(pid: number, namespaces: readonly string[]): boolean {
  return namespaces.includes(attempt(() => readlinkSync(`/proc/${pid}/ns/net`)) ?? '');
}

/** Clock ticks after boot: the 20th word after the name in proc_pid_stat(5), which may itself hold blanks. */
function startTimeOf(pid: string): string | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

/** A process may end while we look at it. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
