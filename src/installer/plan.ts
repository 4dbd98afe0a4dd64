import type { Settings } from '../config/index.ts';
import type { HostError } from '../errors/index.ts';
import {
  diffBoot,
  diffDaemon,
  dropInEntries,
  type Foreign,
  manifestPath,
  NOTHING_OF_BOOT,
  PATHS,
  type Plan,
  type Step,
  WANTED_MODULES,
  type WantedBoot,
  type WantedEntry,
  wantedEntries,
  wantedSysctls,
} from '../hostspec/index.ts';
import { keeperOf, observeDaemon } from './daemon.ts';
import { type Host, readSettings } from './host.ts';
import { bootKubelet } from './kubelet.ts';
import { observeLeftovers } from './leftovers.ts';
import { readManifest } from './observe.ts';
import { observeBoot } from './observe-boot.ts';
import { planEntries } from './plan-entries.ts';
import { type PrimaryLink, tryPrimaryLink } from './primary-link.ts';
import { executableSource, type PluginSources } from './sources.ts';

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
  readonly wantedBoot: WantedBoot;
  /** Programs that somebody changed by hand and that stay as they are. */
  readonly kept: ReadonlySet<string>;
  readonly image: Plan;
  readonly boot: Plan;
  readonly daemon: Plan;
  /** The link of the primary ENI, when the stage needs it and it was found. */
  readonly primaryLink: string | undefined;
  /** What would stop an installation; a dry run only says it. */
  readonly problems: readonly HostError[];
}

type ImagePlan = Pick<InstallPlan, 'wanted' | 'kept' | 'image' | 'problems'>;
type BootPlan = Pick<InstallPlan, 'wanted' | 'wantedBoot' | 'boot' | 'problems' | 'primaryLink'>;

const nothing: Plan = { steps: [], notes: [] };

/** The files of other parts that an image gets too. */
function otherEntries(settings: Settings): readonly WantedEntry[] {
  return dropInEntries(settings);
}

function planImage(request: InstallRequest, sources: PluginSources): ImagePlan {
  const { host, version, executable } = request;
  const manifest = readManifest(host.files, version);
  const source = executableSource(host, manifest, executable);
  const plugins = sources.kind === 'found' ? sources.plugins : [];
  const others = otherEntries(readSettings(host));
  const wanted = wantedEntries({ version, executable: source, plugins, others });
  const { steps, notes, kept } = planEntries(request, wanted, manifest);
  const list: readonly Step[] =
    steps.length > 0 || manifest === undefined ? [{ kind: 'write-manifest', path: manifestPath(version) }] : [];
  const problems = sources.kind === 'found' ? [] : [sources.failure];
  return { wanted, kept, image: { steps: [...steps, ...list], notes }, problems };
}

async function planBoot(request: InstallRequest, imdsMs: number): Promise<BootPlan> {
  const { host } = request;
  const settings = readSettings(host);
  const primary: PrimaryLink = await tryPrimaryLink({
    endpoint: settings.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined,
    timeoutMs: imdsMs,
    clock: host.clock,
  });
  const primaryLink = primary.kind === 'known' ? primary.name : undefined;
  const wantedBoot: WantedBoot = {
    sysctls: wantedSysctls({ settings, primaryLink }),
    modules: WANTED_MODULES,
    forward: ['ipv4'],
  };
  const kubelet = await bootKubelet(host, settings, imdsMs);
  const wanted = [...kubelet.entries];
  const entries = planEntries(request, wanted, undefined);
  const { steps, notes } = diffBoot(wantedBoot, await observeBoot(host, wantedBoot));
  return {
    wanted,
    wantedBoot,
    boot: { steps: [...entries.steps, ...steps], notes: [...kubelet.notes, ...entries.notes, ...notes] },
    primaryLink,
    problems: primary.kind === 'known' ? [] : [primary.failure],
  };
}

/** Looks at the host and plans every part of the stage. Changes nothing. */
export async function plan(request: InstallRequest, sources: PluginSources, imdsMs: number): Promise<InstallPlan> {
  const { host, stage } = request;
  const image: ImagePlan =
    stage === 'boot' ? { wanted: [], kept: new Set(), image: nothing, problems: [] } : planImage(request, sources);
  const boot: BootPlan =
    stage === 'image'
      ? { wanted: [], wantedBoot: NOTHING_OF_BOOT, boot: nothing, problems: [], primaryLink: undefined }
      : await planBoot(request, imdsMs);
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
  const leftovers = observeLeftovers(host.files).map((path) => ({ kind: 'remove-leftover', path }) as const);
  const cleaned = (first: Plan): Plan => ({ ...first, steps: [...leftovers, ...first.steps] });
  return {
    wanted: [...image.wanted, ...boot.wanted],
    wantedBoot: boot.wantedBoot,
    kept: image.kept,
    image: stage === 'boot' ? image.image : cleaned(image.image),
    boot: stage === 'boot' ? cleaned(boot.boot) : boot.boot,
    daemon,
    primaryLink: boot.primaryLink,
    problems: [...image.problems, ...boot.problems],
  };
}
