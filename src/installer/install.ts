import { HostError } from '../errors/index.ts';
import { diffBoot, NOTHING_OF_BOOT, type Step, stepTarget } from '../hostspec/index.ts';
import { type Applied, applyDaemonSteps, applySteps, type DoneStep, type Progress, takenBack } from './apply.ts';
import { type Host, readSettings, underLock } from './host.ts';
import { readManifest } from './observe.ts';
import { observeBoot } from './observe-boot.ts';
import { type InstallPlan, type InstallRequest, plan } from './plan.ts';
import { planEntries } from './plan-entries.ts';
import { type PluginSources, withPlugins } from './sources.ts';
import type { UndoStack } from './undo.ts';

/** What was done. */
export interface InstallReport {
  readonly steps: readonly DoneStep[];
  readonly notes: readonly string[];
  readonly timings: Readonly<Record<'plan' | 'image' | 'boot' | 'start' | 'verify' | 'total', number>>;
}

// A dry run is often tried on a laptop, where nobody answers.
const DRY_RUN_IMDS_MS = 1_000;
const IMDS_MS = 10_000;
// The unit runs the boot stage by itself, possibly while somebody installs.
const BOOT_LOCK_WAIT_MS = 10_000;

async function withSources<T>(request: InstallRequest, use: (sources: PluginSources) => Promise<T>): Promise<T> {
  const { host, stage, version, plugins: given } = request;
  // Wrong settings stop every stage before anything is touched: an image must not carry them either.
  readSettings(host);
  if (stage === 'boot') return await use({ kind: 'found', plugins: [] });
  return await withPlugins({ host, manifest: readManifest(host.files, version), version, given }, use);
}

/** Finds out what an installation would do. Changes nothing. */
export async function planInstall(request: InstallRequest): Promise<InstallPlan> {
  return await withSources(request, (sources) => plan(request, sources, DRY_RUN_IMDS_MS));
}

/** Looks again at what was just done; anything left to do is a failure, and all of it is taken back. */
async function verify(request: InstallRequest, plan: InstallPlan, undo: UndoStack): Promise<void> {
  const { host, version } = request;
  const left = planEntries(request, plan.wanted, readManifest(host.files, version));
  const observed = await observeBoot(host, plan.wantedBoot);
  // A module that could not be loaded was told, or has failed its step.
  const boot = diffBoot({ ...plan.wantedBoot, modules: [] }, { ...observed, recordedBootId: observed.bootId });
  const first = [...left.steps, ...boot.steps][0];
  if (first === undefined) return;
  const remains = await undo.takeBack();
  throw new HostError('INSTALL_INCOMPLETE', {
    step: `the check of ${stepTarget(first)}`,
    reason: 'it is not as it was written a moment ago',
    state: `another program changes it too; ${takenBack(remains)}`,
  });
}

interface HostResult {
  readonly planned: InstallPlan;
  readonly applied: Applied;
  readonly timings: Omit<InstallReport['timings'], 'start' | 'total'>;
}

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
  const applied = await applySteps({ host, version, wanted, kept, steps }, progress);
  const verifying = host.clock.monotonic();
  if (applied.done.length > 0) await verify(request, planned, applied.undo);
  const timings = {
    plan: Math.round(applying - begin),
    image: sumOf(applied.done, image.steps),
    boot: sumOf(applied.done, boot.steps),
    verify: Math.round(host.clock.monotonic() - verifying),
  };
  // With a daemon still to start, what was replaced is kept until it serves.
  const left = planned.daemon.steps.length === 0 ? applied.undo.settle() : [];
  return { planned, applied: { ...applied, notes: [...applied.notes, ...left] }, timings };
}

/** What an earlier boot left goes first, whatever else is wrong: the node must not look ready before it is. */
async function withdrawStale(host: Host, progress: Progress): Promise<readonly DoneStep[]> {
  const { steps } = diffBoot(NOTHING_OF_BOOT, await observeBoot(host, NOTHING_OF_BOOT));
  const { done, undo } = await applySteps({ host, version: '', wanted: [], steps }, progress);
  undo.settle();
  return done;
}

/**
 * Brings the host to what is wanted: looks, plans, applies, verifies. Nothing is changed when it is so already. The lock
 * is given back before the daemon starts, because its unit runs the boot stage itself.
 */
export async function install(request: InstallRequest, progress: Progress): Promise<InstallReport> {
  const { host, stage } = request;
  const begin = host.clock.monotonic();
  const { planned, applied, stale, timings } = await underLock(
    host,
    stage === 'boot' ? BOOT_LOCK_WAIT_MS : 0,
    async () => {
      const stale = stage === 'boot' ? await withdrawStale(host, progress) : [];
      const rest = await withSources(request, (sources) => changeHost(request, sources, progress));
      return { ...rest, stale };
    },
  );
  const start = host.clock.monotonic();
  try {
    const daemon = await applyDaemonSteps({ host, steps: planned.daemon.steps }, progress);
    const end = host.clock.monotonic();
    return {
      steps: [...stale, ...applied.done, ...daemon],
      notes: [...planned.image.notes, ...planned.boot.notes, ...applied.notes],
      timings: { ...timings, start: Math.round(end - start), total: Math.round(end - begin) },
    };
  } finally {
    if (planned.daemon.steps.length > 0) await underLock(host, BOOT_LOCK_WAIT_MS, async () => applied.undo.settle());
  }
}
