import type { ForwardPolicy, ObservedEntry } from './observed.ts';
import { isOurLink, isOurText } from './owned.ts';
import type { HostRecord } from './parse-manifest.ts';
import { isInHome, PATHS, UNIT_NAME } from './paths.ts';
import { type ReloadedPrograms, reloadSteps } from './reload-step.ts';
import type { RemovalStep } from './removal-step.ts';
import { portsWithoutOurs, RESERVED_PORTS_KEY } from './reserved-ports.ts';
import { forwardChain, type Keeper } from './step.ts';
import { sysctlName } from './sysctl.ts';

/** What there is of us on a host. */
export interface ObservedInstall {
  readonly daemon: 'absent' | 'running';
  readonly keeper: Keeper;
  /** Programs that read drop-ins of ours and run. */
  readonly programs: ReloadedPrograms;
  /** Whether the kernel we run on is this host's; that of an image is not. */
  readonly kernel: 'ours' | 'foreign';
  /** Every path where something of ours can be, with what stands there. */
  readonly entries: ReadonlyMap<string, ObservedEntry>;
  readonly record: HostRecord;
  readonly sysctls: Readonly<Record<string, string | undefined>>;
  readonly policies: readonly ForwardPolicy[];
  /** What interrupted runs left beside the files they were at. */
  readonly leftovers: readonly string[];
}

function isOurs(path: string, entry: ObservedEntry): boolean {
  switch (entry.kind) {
    case 'link':
      return isOurLink(entry.target);
    case 'file':
      // A conflist carries no mark; its name is ours by convention of every runtime and of upstream.
      return path === PATHS.conflist || isOurText(entry.text ?? '');
    case 'absent':
    case 'directory':
    case 'other':
      return false;
    default:
      return entry satisfies never;
  }
}

/**
 * Whose the node is after a removal: nobody's, so that pods lose their network; or aws-node's, whose pods keep theirs:
 * one that is about to start again after a takeover that failed, or one that runs and has its own conflist.
 */
export type NodeAfter = 'nobody' | 'aws-node-again' | 'aws-node';

/**
 * The steps that take everything of ours away and give back what was there before. The conflist goes before anything a
 * pod needs, so that the runtime sends no more pods our way; payload and record go last, so that an interrupted run can
 * be run again.
 */
export function diffRemoval(
  observed: ObservedInstall,
  options: { readonly ec2: 'keep' | 'return'; readonly node?: NodeAfter },
): readonly RemovalStep[] {
  const { node = 'nobody' } = options;
  const { daemon, keeper, entries, record } = observed;
  const ours = [...entries]
    .filter(([path, entry]) => isOurs(path, entry) && !(path === PATHS.conflist && node === 'aws-node'))
    .map(([path]) => path);
  const is = (path: string, kind: ObservedEntry['kind']): boolean => entries.get(path)?.kind === kind;
  const home = is(PATHS.home, 'directory');
  const run = is(PATHS.run, 'directory');
  if (ours.length === 0 && !home && !run && daemon === 'absent') return [];
  // What an uninstall that was killed has removed already, nobody may have been told of.
  const changed = [...ours, ...record.files];
  const units = changed.some((path) => path === PATHS.unit || path === PATHS.unitEnabled);
  const file = (path: string, what: string): readonly RemovalStep[] =>
    ours.includes(path) ? [{ kind: 'remove-file', path, what }] : [];
  // What is given back takes the place of ours in one step. What somebody has put there since is newer, and stays.
  const isFree = (path: string): boolean => ours.includes(path) || is(path, 'absent') || !entries.has(path);
  const given = record.saved.filter(({ path, to }) => entries.has(to) && !is(to, 'absent') && isFree(path));
  const later = [PATHS.conflist, PATHS.command, ...given.map(({ path }) => path)];
  const rest = ours.filter((path) => !later.includes(path));
  const directories = record.directories
    .toSorted((a, b) => b.length - a.length)
    .map((path) => ({ kind: 'remove-directory', path }) as const);
  const isAboveHome = (path: string): boolean => PATHS.home.startsWith(`${path}/`);
  return [
    ...(daemon === 'running' ? [{ kind: 'stop-daemon', unit: UNIT_NAME, keeper } as const] : []),
    ...file(PATHS.conflist, 'the conflist'),
    ...(options.ec2 === 'return' ? [{ kind: 'return-to-ec2', path: PATHS.run } as const] : []),
    ...(observed.kernel === 'ours'
      ? [{ kind: node === 'nobody' ? 'remove-kernel-objects' : 'remove-packet-rules', path: PATHS.run } as const]
      : []),
    ...rest.flatMap((path) => file(path, is(path, 'link') ? 'the link' : 'the file')),
    ...observed.leftovers
      .filter((path) => !isInHome(path))
      .map((path) => ({ kind: 'remove-file', path, what: 'the leftover' }) as const),
    ...given.map(({ path, to }) => ({ kind: 'restore-foreign', path, from: to }) as const),
    ...(units && keeper === 'systemd' ? [{ kind: 'reload-units', unit: UNIT_NAME } as const] : []),
    // Restarted without its drop-in, systemd-networkd would remove the rules of a running aws-node; and aws-node needs
    // forwarding as much as we did.
    ...(node === 'aws-node' ? [] : reloadSteps({ changed, running: observed.programs })).filter(
      ({ how }) => how !== 'stop-timers',
    ),
    ...(node === 'aws-node' ? [] : record.sysctls).flatMap(({ key, value: before }): readonly RemovalStep[] => {
      const now = observed.sysctls[sysctlName(key)];
      if (now === undefined) return [];
      const value = sysctlName(key) === sysctlName(RESERVED_PORTS_KEY) ? portsWithoutOurs({ now, before }) : before;
      return now === value ? [] : [{ kind: 'restore-sysctl', key, value }];
    }),
    ...(node === 'aws-node' ? [] : record.policies)
      .filter((noted) =>
        observed.policies.some((now) => forwardChain(now) === forwardChain(noted) && now.policy !== noted.policy),
      )
      .map(({ family, backend, policy }) => ({ kind: 'restore-forward-policy', family, backend, policy }) as const),
    ...(run ? [{ kind: 'remove-tree', path: PATHS.run } as const] : []),
    ...(is(PATHS.logs, 'directory') ? [{ kind: 'remove-directory', path: PATHS.logs } as const] : []),
    // Late, because whoever is told to run the command again must find it.
    ...(given.some(({ path }) => path === PATHS.command) ? [] : file(PATHS.command, 'the link')),
    ...directories.filter((step) => !isAboveHome(step.path)),
    // With it goes the record, without which a run that comes after a kill would not know of anything above.
    ...(home ? [{ kind: 'remove-tree', path: PATHS.home } as const] : []),
    ...directories.filter((step) => isAboveHome(step.path)),
  ];
}
