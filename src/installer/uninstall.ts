import { HostError, toHostError } from '../errors/index.ts';
import {
  DROP_IN_PATHS,
  describeRemoval,
  diffRemoval,
  eniFilePaths,
  KUBELET_FILES,
  type ObservedEntry,
  type ObservedInstall,
  OWN_PLUGINS,
  PATHS,
  type Reloaded,
  type RemovalStep,
  sysctlName,
  sysctlPath,
  UNIT_NAME,
} from '../hostspec/index.ts';
import { removePacketRules } from '../kernel/index.ts';
import { letSignalsIn } from '../sys/index.ts';
import { forgetUnit, observePrograms, reloadProgram } from '../systemd/index.ts';
import { keeperOf, observeDaemon, reloadDaemonUnit, stopDaemon } from './daemon.ts';
import { observePolicies, setForwardPolicy } from './forward-policy.ts';
import { noteHandback, requireTaken, writeAwsNodeCheckpoint } from './hand-over.ts';
import { asOnlyRun, type Host, underLock } from './host.ts';
import { removeKernelObjects } from './kernel-objects.ts';
import { observeLeftovers } from './leftovers.ts';
import { observeEntry, readRecord, readSysctl } from './observe.ts';
import { returnToEc2 } from './purge.ts';

/** Whether addresses and network interfaces stay with the instance or go back to EC2. */
export interface UninstallRequest {
  readonly host: Host;
  readonly ec2: 'keep' | 'return';
}

/** What a reader of a removal wants to see while it goes on. */
export interface RemovalProgress {
  readonly started: (step: RemovalStep) => void;
  readonly finished: (step: RemovalStep, ms: number) => void;
}

/** A removal that was done, with its duration. */
export interface DoneRemoval {
  readonly step: RemovalStep;
  readonly ms: number;
}

/** Looks at everything of ours on a host. */
export async function observeInstall(host: Host): Promise<ObservedInstall> {
  const { files } = host;
  const record = readRecord(files);
  const plugins = [...OWN_PLUGINS, ...files.list(PATHS.cniBin)].map((name) => `${PATHS.cniBin}/${name}`);
  // What we are known to have written, and what we always write, should the record be gone.
  const always = [
    ...[PATHS.conflist, PATHS.unit, PATHS.unitEnabled, PATHS.command, PATHS.supportScript],
    ...[PATHS.sysctlDropIn, PATHS.modulesDropIn, ...DROP_IN_PATHS],
  ];
  const texts = [...always, ...KUBELET_FILES, ...eniFilePaths(files.list), ...record.files];
  const others = [PATHS.home, PATHS.run, PATHS.logs, ...record.saved.map(({ to }) => to)];
  const entries = new Map<string, ObservedEntry>([
    ...plugins.map((path) => [path, observeEntry(files, { path, content: 'ignored' })] as const),
    ...texts.map((path) => [path, observeEntry(files, { path, content: 'text' })] as const),
    ...others.map((path) => [path, observeEntry(files, { path, content: 'ignored' })] as const),
  ]);
  const keeper = keeperOf(host);
  const daemon = host.root === '/' && (await observeDaemon(host, keeper)) !== 'absent' ? 'running' : 'absent';
  const sysctls = Object.fromEntries(record.sysctls.map(({ key }) => [sysctlName(key), readSysctl(files, key)]));
  const kernel = host.root === '/' ? 'ours' : 'foreign';
  const leftovers = observeLeftovers(files);
  const families = [...new Set(record.policies.map(({ family }) => family))];
  const policies = families.length === 0 ? [] : await observePolicies(host, families);
  const programs = host.root === '/' && keeper === 'systemd' ? await observePrograms(host.exec) : new Set<Reloaded>();
  return { daemon, keeper, programs, kernel, entries, record, sysctls, leftovers, policies };
}

/**
 * Finds out what a removal would do. Changes nothing. Throws `HANDBACK_PENDING` for a node that aws-node was given and
 * has not taken.
 */
export async function planUninstall(request: UninstallRequest): Promise<readonly RemovalStep[]> {
  const { host, ec2 } = request;
  const observed = await observeInstall(host);
  if (observed.record.handedBack === undefined) return diffRemoval(observed, { ec2 });
  if (ec2 === 'return')
    throw new HostError('USAGE', { reason: '--purge would return the addresses of aws-node, whose node this is now' });
  await requireTaken(host);
  return diffRemoval(observed, { ec2: 'keep', node: 'aws-node' });
}

/** Carries out one step of a removal; it decides nothing. */
export async function applyRemoval(host: Host, step: RemovalStep): Promise<void> {
  switch (step.kind) {
    case 'stop-daemon':
      return await stopDaemon(host, step.keeper);
    case 'remove-file':
      return host.files.remove(step.path);
    case 'restore-foreign':
      return host.files.move(step.from, step.path);
    case 'reload-units':
      await reloadDaemonUnit(host);
      return await forgetUnit(host.exec, UNIT_NAME);
    case 'reload-program':
      return await reloadProgram(host.exec, step);
    case 'restore-sysctl':
      return host.files.writeInPlace({ path: sysctlPath(step.key), text: step.value });
    case 'restore-forward-policy':
      return await setForwardPolicy(host.exec, step);
    case 'remove-kernel-objects':
      return await removeKernelObjects(host);
    case 'remove-packet-rules':
      return await removePacketRules(host.exec);
    case 'write-checkpoint':
      return writeAwsNodeCheckpoint(host);
    case 'note-handback':
      return noteHandback(host, new Date(host.clock.now()).toISOString());
    case 'return-to-ec2':
      return await returnToEc2(host);
    case 'remove-tree':
      return host.files.removeTree(step.path);
    case 'remove-directory':
      return host.files.remove(step.path);
    default:
      return step satisfies never;
  }
}

/**
 * Takes everything of ours off the host and gives back what was there before. Throws `UNINSTALL_INCOMPLETE` naming what
 * is left; running it again goes on from there.
 */
export async function uninstall(request: UninstallRequest, progress: RemovalProgress): Promise<readonly DoneRemoval[]> {
  const { host } = request;
  const work = async (): Promise<readonly DoneRemoval[]> =>
    await applyRemovals(host, { steps: await planUninstall(request), failure: 'UNINSTALL_INCOMPLETE' }, progress);
  return await asOnlyRun(host, () => underLock(host, work));
}

/** Carries out the steps of a removal in order. Throws `failure` with the one that failed and those that are left. */
export async function applyRemovals(
  host: Host,
  removal: {
    readonly steps: readonly RemovalStep[];
    readonly failure: 'UNINSTALL_INCOMPLETE' | 'HANDBACK_INCOMPLETE';
  },
  progress: RemovalProgress,
): Promise<readonly DoneRemoval[]> {
  const { steps, failure } = removal;
  const done: DoneRemoval[] = [];
  for (const [index, step] of steps.entries()) {
    const start = host.clock.monotonic();
    try {
      await letSignalsIn();
      progress.started(step);
      await applyRemoval(host, step);
    } catch (error) {
      const cause = toHostError(error);
      const rest = steps.slice(index + 1).map(describeRemoval);
      const details = { step: describeRemoval(step), cause: cause.code, reason: cause.message };
      throw new HostError(failure, { ...details, left: rest.join('; ') || 'nothing else' }, cause);
    }
    const ms = Math.round(host.clock.monotonic() - start);
    progress.finished(step, ms);
    done.push({ step, ms });
  }
  return done;
}
