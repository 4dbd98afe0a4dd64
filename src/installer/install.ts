import { HostError } from '../errors/index.ts';
import {
  diffBoot,
  diffDaemon,
  diffEntries,
  type Foreign,
  type ManifestFile,
  manifestPath,
  PATHS,
  type Plan,
  type Step,
  type WantedEntry,
  wantedEntries,
  wantedSysctls,
} from '../hostspec/index.ts';
import { applyDaemonSteps, applySteps, type DoneStep, type Progress } from './apply.ts';
import { keeperOf, observeDaemon } from './daemon.ts';
import { type Host, readSettings, underLock } from './host.ts';
import { observeBoot, observeEntries, readManifest } from './observe.ts';
import { type PrimaryLink, tryPrimaryLink } from './primary-link.ts';
import { executableSource, type PluginSources, withPlugins } from './sources.ts';

/** Which part of an installation: what an image holds, what each boot needs, or both and a running daemon. */
export type Stage = 'image' | 'boot' | 'all';

/** What the caller wants. */
export interface InstallRequest {
  readonly host: Host;
  readonly stage: Stage;
  readonly version: string;
  /** The running executable, which is what gets installed. */
  readonly executable: string;
  /** A directory or an archive of stock plugins. */
  readonly plugins: string | undefined;
  readonly foreign: Foreign;
}

/** The steps of every part, and what they lead to. */
export interface InstallPlan {
  readonly wanted: readonly WantedEntry[];
  readonly image: Plan;
  readonly boot: Plan;
  readonly daemon: Plan;
  /** The link of the primary ENI, when the stage needs it and it was found. */
  readonly primaryLink: string | undefined;
  /** What would stop an installation; a dry run only says it. */
  readonly problems: readonly HostError[];
}

/** What was done. */
export interface InstallReport {
  readonly steps: readonly DoneStep[];
  readonly notes: readonly string[];
  readonly timings: Readonly<Record<'plan' | 'image' | 'boot' | 'start' | 'verify' | 'total', number>>;
}

const nothing: Plan = { steps: [], notes: [] };
// A dry run is often tried on a laptop, where nobody answers.
const DRY_RUN_IMDS_MS = 1_000;
const IMDS_MS = 10_000;
// The unit runs the boot stage by itself, possibly while somebody installs.
const BOOT_LOCK_WAIT_MS = 10_000;

function planImage(
  request: InstallRequest,
  sources: PluginSources,
): Pick<InstallPlan, 'wanted' | 'image' | 'problems'> {
  const { host, version, executable, foreign } = request;
  const manifest = readManifest(host.files, version);
  const source = executableSource(host, manifest, executable);
  const plugins = sources.kind === 'found' ? sources.plugins : [];
  const wanted = wantedEntries({ version, executable: source, plugins });
  const recorded = new Map((manifest?.files ?? []).map((file: ManifestFile) => [file.path, file.sha256]));
  const observed = observeEntries(host.files, wanted, manifest);
  const { steps, notes } = diffEntries({ wanted, observed, recorded, foreign });
  const list: readonly Step[] =
    steps.length > 0 || manifest === undefined ? [{ kind: 'write-manifest', path: manifestPath(version) }] : [];
  const problems = sources.kind === 'found' ? [] : [sources.failure];
  return { wanted, image: { steps: [...steps, ...list], notes }, problems };
}

async function planBoot(
  request: InstallRequest,
  imdsMs: number,
): Promise<Pick<InstallPlan, 'boot' | 'problems' | 'primaryLink'>> {
  const { host } = request;
  const settings = readSettings(host);
  const primary: PrimaryLink = await tryPrimaryLink({
    endpoint: settings.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined,
    timeoutMs: imdsMs,
    clock: host.clock,
  });
  const primaryLink = primary.kind === 'known' ? primary.name : undefined;
  const sysctls = wantedSysctls({ settings, primaryLink });
  const plan = diffBoot(sysctls, observeBoot(host.files, sysctls));
  return { boot: plan, primaryLink, problems: primary.kind === 'known' ? [] : [primary.failure] };
}

async function plan(request: InstallRequest, sources: PluginSources, imdsMs: number): Promise<InstallPlan> {
  const { host, stage } = request;
  const image = stage === 'boot' ? { wanted: [], image: nothing, problems: [] } : planImage(request, sources);
  const boot =
    stage === 'image' ? { boot: nothing, problems: [], primaryLink: undefined } : await planBoot(request, imdsMs);
  const keeper = keeperOf(host);
  const withdrawn = boot.boot.steps.some(({ kind }) => kind === 'withdraw-conflist');
  const daemon =
    stage === 'all'
      ? diffDaemon({
          image: image.image.steps,
          daemon: await observeDaemon(host, keeper),
          conflist: withdrawn || host.files.fact(PATHS.conflist).kind === 'absent' ? 'absent' : 'present',
          keeper,
        })
      : nothing;
  const problems = [...image.problems, ...boot.problems];
  return { wanted: image.wanted, image: image.image, boot: boot.boot, daemon, primaryLink: boot.primaryLink, problems };
}

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

/** Looks again at what was just done; anything left to do is a failure. */
function verify(request: InstallRequest, plan: InstallPlan): void {
  const { host, version, foreign } = request;
  const manifest = readManifest(host.files, version);
  const observed = observeEntries(host.files, plan.wanted, manifest);
  const left = diffEntries({ wanted: plan.wanted, observed, recorded: new Map(), foreign });
  const sysctl = plan.boot.steps.filter(
    (step): step is Extract<Step, { kind: 'set-sysctl' }> => step.kind === 'set-sysctl',
  );
  const wanted = sysctl.map(({ key, value }) => ({ key, value, need: 'required' }) as const);
  const boot = diffBoot(wanted, { ...observeBoot(host.files, wanted), recordedBootId: '', bootId: '' });
  const first = [...left.steps, ...boot.steps][0];
  if (first === undefined) return;
  const step = 'path' in first ? first.path : 'key' in first ? first.key.join('.') : first.kind;
  throw new HostError('INSTALL_INCOMPLETE', {
    step: `the check of ${step}`,
    reason: 'it is not as it was written a moment ago',
    state: 'another program changes it too',
  });
}

interface HostResult {
  readonly planned: InstallPlan;
  readonly done: readonly DoneStep[];
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
  const { wanted, image, boot } = planned;
  const applying = host.clock.monotonic();
  const done = await applySteps({ host, version, wanted, steps: [...image.steps, ...boot.steps] }, progress);
  const verifying = host.clock.monotonic();
  if (done.length > 0) verify(request, planned);
  const timings = {
    plan: Math.round(applying - begin),
    image: sumOf(done, image.steps),
    boot: sumOf(done, boot.steps),
    verify: Math.round(host.clock.monotonic() - verifying),
  };
  return { planned, done, timings };
}

/** What an earlier boot left goes first, whatever else is wrong: the node must not look ready before it is. */
async function withdrawStale(host: Host, progress: Progress): Promise<readonly DoneStep[]> {
  const { steps } = diffBoot([], observeBoot(host.files, []));
  return await applySteps({ host, version: '', wanted: [], steps }, progress);
}

/**
 * Brings the host to what is wanted: looks, plans, applies, verifies. Nothing is changed when it is so already. The lock
 * is given back before the daemon starts, because its unit runs the boot stage itself.
 */
export async function install(request: InstallRequest, progress: Progress): Promise<InstallReport> {
  const { host, stage } = request;
  const begin = host.clock.monotonic();
  const { planned, done, timings } = await underLock(host, stage === 'boot' ? BOOT_LOCK_WAIT_MS : 0, async () => {
    const stale = stage === 'boot' ? await withdrawStale(host, progress) : [];
    const rest = await withSources(request, (sources) => changeHost(request, sources, progress));
    return { ...rest, done: [...stale, ...rest.done] };
  });
  const start = host.clock.monotonic();
  const daemon = await applyDaemonSteps({ host, steps: planned.daemon.steps }, progress);
  const end = host.clock.monotonic();
  return {
    steps: [...done, ...daemon],
    notes: [...planned.image.notes, ...planned.boot.notes],
    timings: { ...timings, start: Math.round(end - start), total: Math.round(end - begin) },
  };
}
