import { HostError, toHostError } from '../errors/index.ts';
import { diffBoot, NOTHING_OF_BOOT, type Step, stepTarget } from '../hostspec/index.ts';
import { type Applied, applyForGood, applySteps, type DoneStep, type Progress, takenBack } from './apply.ts';
import { noteHandback } from './hand-over.ts';
import { asOnlyRun, type Host, readSettings, underLock } from './host.ts';
import { readManifest } from './observe.ts';
import { observeBoot } from './observe-boot.ts';
import { type InstallPlan, type InstallRequest, plan, READY_TIMEOUT_MS } from './plan.ts';
import { planEntries } from './plan-entries.ts';
import { type Retired, retire } from './retire.ts';
import { type PluginSources, withPlugins } from './sources.ts';
import type { UndoStack } from './undo.ts';
import { switchDaemon } from './upgrade.ts';

/** What was done. */
export interface InstallReport {
  readonly steps: readonly DoneStep[];
  readonly notes: readonly string[];
  readonly timings: Readonly<Record<'plan' | 'image' | 'boot' | 'start' | 'verify' | 'total', number>>;
}

// A dry run is often tried on a laptop, where nobody answers.
const DRY_RUN_IMDS_MS = 1_000;
const IMDS_MS = 10_000;

async function withSources<T>(request: InstallRequest, use: (sources: PluginSources) => Promise<T>): Promise<T> {
  const { host, stage, version, plugins: given, pluginsChecksum: checksum } = request;
  // Wrong settings stop every stage before anything is touched: an image must not carry them either.
  readSettings(host);
  if (stage === 'boot') return await use({ kind: 'found', plugins: [] });
  return await withPlugins({ host, manifest: readManifest(host.files, version), version, given, checksum }, use);
}

/** Finds out what an installation would do. Changes nothing. */
export async function planInstall(request: InstallRequest): Promise<InstallPlan> {
  return await withSources(request, (sources) => plan(request, sources, DRY_RUN_IMDS_MS));
}

/** Looks again at what was just done; the first thing that is left to do. */
async function findUndone(request: InstallRequest, plan: InstallPlan): Promise<Step | undefined> {
  const { host, version } = request;
  const left = planEntries(request, plan.wanted, readManifest(host.files, version));
  const observed = await observeBoot(host, plan.wantedBoot);
  // A module that could not be loaded was told, or has failed its step.
  const boot = diffBoot({ ...plan.wantedBoot, modules: [] }, { ...observed, recordedBootId: observed.bootId });
  return [...left.steps, ...boot.steps][0];
}

/** Anything left to do is a failure, and all of it is taken back; so is a look that fails. */
async function verify(request: InstallRequest, plan: InstallPlan, undo: UndoStack): Promise<void> {
  const fail = async (step: string, reason: string, cause?: HostError): Promise<HostError> =>
    new HostError('INSTALL_INCOMPLETE', { step, reason, state: takenBack(await undo.takeBack()) }, cause);
  let left: Step | undefined;
  try {
    left = await findUndone(request, plan);
  } catch (error) {
    const cause = toHostError(error);
    throw await fail('the check of what was done', cause.message, cause);
  }
  if (left === undefined) return;
  const reason = 'it is not as it was written a moment ago, another program changes it too';
  throw await fail(`the check of ${stepTarget(left)}`, reason);
}

interface HostResult {
  readonly planned: InstallPlan;
  readonly applied: Applied;
  readonly retired: Retired;
  readonly timings: Omit<InstallReport['timings'], 'start' | 'total'>;
}

const NOTHING_RETIRED: Retired = { done: [], notes: [] };

const sumOf = (done: readonly DoneStep[], steps: readonly Step[]): number =>
  done.filter(({ step }) => steps.includes(step)).reduce((sum, { ms }) => sum + ms, 0);

async function changeHost(request: InstallRequest, sources: PluginSources, progress: Progress): Promise<HostResult> {
  const { host, version } = request;
  const begin = host.clock.monotonic();
  const planned = await plan(request, sources, IMDS_MS);
  const [problem] = planned.problems;
  if (problem !== undefined) throw problem;
  const { wanted, kept, image, boot } = planned;
  const applying = host.clock.monotonic();
  const steps = [...image.steps, ...boot.steps];
  const record = request.stage === 'boot' ? 'if-writable' : 'required';
  const applied = await applySteps({ host, version, wanted, kept, steps, record }, progress);
  const verifying = host.clock.monotonic();
  if (applied.done.length > 0) await verify(request, planned, applied.undo);
  const timings = {
    plan: Math.round(applying - begin),
    image: sumOf(applied.done, image.steps),
    boot: sumOf(applied.done, boot.steps),
    verify: Math.round(host.clock.monotonic() - verifying),
  };
  // With a daemon still to start, what was replaced is kept until it serves.
  const isOver = planned.daemon.steps.length === 0;
  const retired = isOver ? await settle(host, { planned, undo: applied.undo }, progress) : NOTHING_RETIRED;
  return { planned, applied, retired, timings };
}

/** All is done: what was kept to take it back goes, and so do versions that nobody needs any more. */
async function settle(
  host: Host,
  { planned, undo }: { readonly planned: InstallPlan; readonly undo: UndoStack },
  progress: Progress,
): Promise<Retired> {
  const left = undo.settle();
  const { done, notes } = await retire(host, planned.retired, progress);
  return { done, notes: [...left, ...notes] };
}

/**
 * What an earlier boot left goes first, whatever else is wrong, the record too: the node must not look ready before it is.
 */
async function withdrawStale(host: Host, progress: Progress): Promise<readonly DoneStep[]> {
  const { steps } = diffBoot(NOTHING_OF_BOOT, await observeBoot(host, NOTHING_OF_BOOT));
  return await applyForGood({ host, steps }, progress);
}

/** Brings the host to what is wanted: looks, plans, applies, verifies. Nothing is changed when it is so already. */
export async function install(request: InstallRequest, progress: Progress): Promise<InstallReport> {
  const work = (): Promise<InstallReport> => installAlone(request, progress);
  // The unit runs the boot stage by itself, possibly while somebody installs.
  return request.stage === 'boot' ? await work() : await asOnlyRun(request.host, work);
}

/**
 * An installation as the part of a run that is the only one already. The lock is given back before the daemon starts,
 * because its unit runs the boot stage itself.
 */
export async function installAlone(request: InstallRequest, progress: Progress): Promise<InstallReport> {
  const { host, stage } = request;
  const begin = host.clock.monotonic();
  const { planned, applied, retired, stale, timings } = await underLock(host, async () => {
    const stale = stage === 'boot' ? await withdrawStale(host, progress) : [];
    const rest = await withSources(request, (sources) => changeHost(request, sources, progress));
    if (stage === 'all') noteHandback(host, undefined);
    return { ...rest, stale };
  });
  const start = host.clock.monotonic();
  const { change, daemon: wanted } = planned;
  const timeoutMs = request.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const { undo } = applied;
  const served = await switchDaemon({ host, steps: wanted.steps, change, undo, timeoutMs }, progress);
  const end = host.clock.monotonic();
  const after =
    wanted.steps.length === 0 ? retired : await underLock(host, () => settle(host, { planned, undo }, progress));
  return {
    steps: [...stale, ...applied.done, ...served, ...after.done],
    notes: [...planned.image.notes, ...planned.boot.notes, ...applied.notes, ...after.notes],
    timings: { ...timings, start: Math.round(end - start), total: Math.round(host.clock.monotonic() - begin) },
  };
}
