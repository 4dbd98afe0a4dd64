import { createImds, type InstanceFacts } from '../aws/index.ts';
import type { Settings } from '../config/index.ts';
import { type HostError, toHostError } from '../errors/index.ts';
import {
  diffBoot,
  type Foreign,
  forwardedFamilies,
  type Plan,
  type WantedBoot,
  type WantedEntry,
  wantedDirectories,
  wantedSysctls,
} from '../hostspec/index.ts';
import type { Host } from './host.ts';
import type { InstanceSettings } from './instance-settings.ts';
import { bootKubelet } from './kubelet.ts';
import { kernelModules } from './modules.ts';
import { observeBoot } from './observe-boot.ts';
import { planEntries } from './plan-entries.ts';
import { findLimits } from './pod-room.ts';
import { checkPreflight } from './preflight.ts';

/** What a boot needs of a host, and what stands against it. */
export interface BootPlan {
  readonly wanted: readonly WantedEntry[];
  readonly wantedBoot: WantedBoot;
  readonly boot: Plan;
  readonly primaryLink: string | undefined;
  readonly problems: readonly HostError[];
}

/** Whether anybody knows how many ENIs and addresses this instance may hold; without that no daemon can start. */
async function instanceTypeProblems(
  host: Host,
  settings: Settings,
  instance: InstanceFacts | undefined,
): Promise<readonly HostError[]> {
  if (instance === undefined) return [];
  const env = { ...host.env, AWS_REGION: instance.region };
  const imds = createImds({ endpoint: settings.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined });
  try {
    await findLimits({ settings, env }, imds, instance.instanceType);
    return [];
  } catch (error) {
    return [toHostError(error)];
  }
}

/** Looks at the kernel of an instance and plans the boot stage. Changes nothing. */
export async function planBoot(
  request: { readonly host: Host; readonly stage: 'boot' | 'all'; readonly foreign: Foreign },
  about: InstanceSettings,
  imdsMs: number,
): Promise<BootPlan> {
  const { host, stage } = request;
  const { settings, found } = about;
  const { instance, primaryLink, problems } = found;
  const allowed = checkPreflight(request, { settings, instance });
  // Where the region is wrong, EC2 would be asked in the wrong place.
  const askEc2 = stage === 'all' && allowed.problems.length === 0;
  const types = askEc2 ? await instanceTypeProblems(host, settings, instance) : [];
  const wantedBoot: WantedBoot = {
    sysctls: wantedSysctls({ settings, primaryLink }),
    modules: kernelModules(host.files).modules,
    forward: forwardedFamilies(settings),
    directories: wantedDirectories(settings),
  };
  const kubelet = await bootKubelet(host, settings, imdsMs);
  const wanted = [...about.entries, ...kubelet.entries];
  const entries = planEntries(request, wanted, undefined);
  const { steps, notes } = diffBoot(wantedBoot, await observeBoot(host, wantedBoot));
  return {
    wanted,
    wantedBoot,
    boot: {
      steps: [...kubelet.steps, ...entries.steps, ...steps],
      notes: [...about.notes, ...allowed.notes, ...kubelet.notes, ...entries.notes, ...notes],
    },
    primaryLink,
    problems: [...problems, ...allowed.problems, ...types],
  };
}
