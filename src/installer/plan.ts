import type { Settings } from '../config/index.ts';
import type { HostError } from '../errors/index.ts';
import {
  changesDaemon,
  diffDaemon,
  dropInEntries,
  type Foreign,
  FRESH,
  manifestPath,
  NOTHING_OF_BOOT,
  PATHS,
  type Plan,
  payloadDirectory,
  type Step,
  supportEntries,
  type WantedBoot,
  type WantedEntry,
  wantedEntries,
} from '../hostspec/index.ts';
import { choosePluginsFor } from './ask-plugins.ts';
import { podsOfAwsNode } from './aws-node-pods.ts';
import { keeperOf, observeDaemon } from './daemon.ts';
import { type Host, readSettings } from './host.ts';
import { readInstanceSettings } from './instance-settings.ts';
import { observeLeftovers } from './leftovers.ts';
import { readManifest } from './observe.ts';
import { type BootPlan, planBoot } from './plan-boot.ts';
import { planEntries } from './plan-entries.ts';
import { describeChange, planVersionSteps, type VersionChange } from './plan-versions.ts';
import { checkPreflight } from './preflight.ts';
import { observeReloads } from './reload.ts';
import { executableSource, type PluginSources } from './sources.ts';
import { observeStaleness } from './stale.ts';

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
  /** What the archive must have, as `sha256:…` or `sha512:…`. */
  readonly pluginsChecksum?: string | undefined;
  readonly foreign: Foreign;
  /** How long the daemon may take until it is ready; two minutes unless told. */
  readonly readyTimeoutMs?: number;
  /** The installation is part of taking the node over: pods run here, and that is why. */
  readonly adopting?: true;
}

/** The steps of every part, and what they lead to. */
export interface InstallPlan {
  readonly wanted: readonly WantedEntry[];
  readonly wantedBoot: WantedBoot;
  /** Programs that somebody changed by hand and that stay as they are. */
  readonly kept: ReadonlySet<string>;
  readonly image: Plan;
  readonly boot: Plan;
  readonly daemon: Plan;
  /** Payloads that go once all of it is done. */
  readonly retired: readonly Step[];
  /** What serves now and is given back when its successor does not come to serve. */
  readonly change: VersionChange | undefined;
  /** The link of the primary ENI, when the stage needs it and it was found. */
  readonly primaryLink: string | undefined;
  /** What would stop an installation; a dry run only says it. */
  readonly problems: readonly HostError[];
}

type ImagePlan = Pick<InstallPlan, 'wanted' | 'kept' | 'image' | 'problems' | 'retired' | 'change'>;

/** Growth of the first ENI takes EC2 a few seconds, throttling a minute; what is not ready then needs a person. */
export const READY_TIMEOUT_MS = 120_000;

const nothing: Plan = { steps: [], notes: [] };

/** The files of other parts that an image gets too. */
function otherEntries(settings: Settings): readonly WantedEntry[] {
  return [...dropInEntries(settings), ...supportEntries()];
}

async function planImage(request: InstallRequest, sources: PluginSources, settings: Settings): Promise<ImagePlan> {
  const { host, version, executable } = request;
  const manifest = readManifest(host.files, version);
  const source = executableSource(host, manifest, executable);
  const asked = request.plugins === undefined ? 'by-nobody' : 'by-option';
  const chosen = await choosePluginsFor(host, sources, { asked, foreign: request.foreign });
  const plugins = chosen.kind === 'chosen' ? chosen.plugins : [];
  const vouched = sources.kind === 'found' ? (sources.notes ?? []) : [];
  const told = chosen.kind === 'chosen' ? [...vouched, ...chosen.notes] : vouched;
  const others = otherEntries(settings);
  const wanted = wantedEntries({ version, executable: source, plugins, others });
  const { steps, notes, kept } = planEntries(request, wanted, manifest);
  const list: readonly Step[] =
    steps.length > 0 || manifest === undefined ? [{ kind: 'write-manifest', path: manifestPath(version) }] : [];
  const problems = chosen.kind === 'chosen' ? [] : [chosen.failure];
  const path = `${payloadDirectory(version)}/vpc-cni`;
  const to = { version, executable: { path, sha256: source.sha256 } };
  const versions = planVersionSteps(host, to, [...steps, ...list]);
  const { retired, change } = versions;
  // The later stages look for themselves, and know more.
  const allowed = request.stage === 'image' ? checkPreflight(request, { settings, instance: undefined }).notes : [];
  return {
    wanted,
    kept,
    image: { steps: versions.steps, notes: [...describeChange(change), ...allowed, ...told, ...notes] },
    problems,
    retired,
    change,
  };
}

/** Looks at the host and plans every part of the stage. Changes nothing. */
export async function plan(request: InstallRequest, sources: PluginSources, imdsMs: number): Promise<InstallPlan> {
  const { host, stage } = request;
  const about = stage === 'image' ? undefined : await readInstanceSettings(host, imdsMs);
  const settings = about?.settings ?? readSettings(host);
  const image: ImagePlan =
    stage === 'boot'
      ? { wanted: [], kept: new Set(), image: nothing, problems: [], retired: [], change: undefined }
      : await planImage(request, sources, settings);
  const boot: BootPlan =
    stage === 'image' || about === undefined
      ? { wanted: [], wantedBoot: NOTHING_OF_BOOT, boot: nothing, problems: [], primaryLink: undefined }
      : await planBoot({ ...request, stage }, about, imdsMs);
  const keeper = keeperOf(host);
  const withdrawn = boot.boot.steps.some(({ kind }) => kind === 'withdraw-conflist');
  const state = stage === 'all' ? await observeDaemon(host, keeper) : 'absent';
  const daemon =
    stage === 'all'
      ? diffDaemon({
          image: image.image.steps,
          daemon: state,
          stale: state === 'absent' ? FRESH : await observeStaleness(host, keeper),
          conflist: withdrawn || host.files.fact(PATHS.conflist).kind === 'absent' ? 'absent' : 'present',
          keeper,
          timeoutMs: request.readyTimeoutMs ?? READY_TIMEOUT_MS,
        })
      : nothing;
  const reloads = stage === 'all' && keeper === 'systemd' ? await observeReloads(host, image.image.steps) : [];
  // Where none served, there is nothing to go back to: the files stay, and the keeper goes on trying.
  const change = state !== 'absent' && changesDaemon(image.image.steps) ? image.change : undefined;
  const leftovers = observeLeftovers(host.files).map((path) => ({ kind: 'remove-leftover', path }) as const);
  const cleaned = (first: Plan): Plan => ({ ...first, steps: [...leftovers, ...first.steps] });
  return {
    wanted: [...image.wanted, ...boot.wanted],
    wantedBoot: boot.wantedBoot,
    kept: image.kept,
    image: stage === 'boot' ? image.image : cleaned(image.image),
    boot: stage === 'boot' ? cleaned(boot.boot) : boot.boot,
    daemon: { ...daemon, steps: [...reloads, ...daemon.steps] },
    retired: image.retired,
    change,
    primaryLink: boot.primaryLink,
    problems: [
      ...(stage === 'image' || request.adopting ? [] : podsOfAwsNode(host)),
      ...image.problems,
      ...boot.problems,
    ],
  };
}
