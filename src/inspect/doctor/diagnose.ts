import type { HostStatus } from '../observe-status.ts';
import { type AwsFacts, diagnoseAws, goneEnis } from './aws.ts';
import { type BootFacts, diagnoseBoot } from './boot.ts';
import { type ConflistFacts, diagnoseConflists } from './conflists.ts';
import { diagnoseDaemon } from './daemon.ts';
import { type DropInFacts, diagnoseDropIns } from './drop-ins.ts';
import { type Finding, finding } from './finding.ts';
import { diagnoseImage, type ImageFacts } from './image.ts';
import { diagnoseInstalled, type InstalledFacts } from './installed.ts';
import { diagnoseNetwork, type NetworkFacts } from './network.ts';
import { diagnosePlugins, type PluginFact } from './plugins.ts';
import { diagnoseRivals } from './rivals.ts';
import { diagnoseSandboxes, type SandboxFacts } from './sandboxes.ts';
import { diagnoseHotplug, diagnoseSurroundings, type HotplugFacts, type SurroundingsFacts } from './surroundings.ts';

/** Whether the daemon could start with the settings there are. */
export type SettingsFacts =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

function diagnoseSettings(facts: SettingsFacts): readonly Finding[] {
  if (facts.kind === 'valid') return [];
  return facts.kind === 'invalid'
    ? [finding('SETTINGS_INVALID', facts.reason)]
    : [finding('CHECK_SKIPPED', `the settings: ${facts.reason}`)];
}

/** Everything that was looked at. What belongs to a running host only, or to an image only, is absent in the other. */
export interface DoctorFacts {
  readonly installed: InstalledFacts;
  readonly settings: SettingsFacts;
  readonly dropIns: readonly DropInFacts[];
  /** Those of `RIVAL_LINKS` that are there. */
  readonly rivals: readonly string[];
  readonly hotplug: HotplugFacts;
  readonly conflists: ConflistFacts;
  readonly plugins: readonly PluginFact[];
  readonly image?: ImageFacts;
  readonly boot?: BootFacts;
  readonly status?: HostStatus;
  readonly network?: NetworkFacts;
  readonly surroundings?: SurroundingsFacts;
  readonly sandboxes?: SandboxFacts;
  readonly aws?: AwsFacts;
  /** Why groups of checks could not be made. */
  readonly skipped?: readonly string[];
}

/** Every finding of every group, in the order in which they are best read. */
export function diagnose(facts: DoctorFacts): readonly Finding[] {
  const { installed } = facts;
  // Where nothing is installed, everything else would only say so again; where aws-node serves, its remedies would be harm.
  if (installed.kind === 'not-installed' || installed.kind === 'handed-back') return diagnoseInstalled(installed);
  const reported = new Set(installed.kind === 'checked' ? installed.faults.map(({ path }) => path) : []);
  return [
    ...diagnoseInstalled(installed),
    ...diagnoseSettings(facts.settings),
    ...diagnoseDropIns(facts.dropIns),
    ...diagnoseRivals(facts.rivals),
    ...diagnoseHotplug(facts.hotplug),
    ...diagnosePlugins(facts.plugins, reported),
    ...diagnoseConflists(facts.conflists),
    ...(facts.image === undefined ? [] : diagnoseImage(facts.image)),
    ...(facts.boot === undefined ? [] : diagnoseBoot(facts.boot, facts.aws?.kind === 'silent')),
    ...(facts.status === undefined ? [] : diagnoseDaemon(facts.status)),
    ...(facts.network === undefined ? [] : diagnoseNetwork(facts.network, goneEnis(facts.aws))),
    ...(facts.network === undefined || facts.sandboxes === undefined
      ? []
      : diagnoseSandboxes(facts.sandboxes, facts.network.notes)),
    ...(facts.surroundings === undefined ? [] : diagnoseSurroundings(facts.surroundings)),
    ...(facts.aws === undefined ? [] : diagnoseAws(facts.aws)),
    ...(facts.skipped ?? []).map((reason) => finding('CHECK_SKIPPED', reason)),
  ];
}

/** Reports whether any finding is a fault: exit code 3. */
export function hasFaults(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'fault');
}
