import type { HostStatus } from '../observe-status.ts';
import { type BootFacts, diagnoseBoot } from './boot.ts';
import { type ConflistFacts, diagnoseConflists } from './conflists.ts';
import { diagnoseDaemon } from './daemon.ts';
import { type DropInFacts, diagnoseDropIns } from './drop-ins.ts';
import { type Finding, finding } from './finding.ts';
import { diagnoseImage, type ImageFacts } from './image.ts';
import { diagnoseInstalled, type InstalledFacts } from './installed.ts';
import { diagnosePlugins, type PluginFact } from './plugins.ts';

/** Everything that was looked at. What belongs to a running host only, or to an image only, is absent in the other. */
export interface DoctorFacts {
  readonly installed: InstalledFacts;
  /** What is wrong with the settings. */
  readonly settings: readonly string[];
  readonly dropIns: readonly DropInFacts[];
  readonly conflists: ConflistFacts;
  readonly plugins: readonly PluginFact[];
  readonly image?: ImageFacts;
  readonly boot?: BootFacts;
  readonly status?: HostStatus;
}

/** Every finding of every group, in the order in which they are best read. */
export function diagnose(facts: DoctorFacts): readonly Finding[] {
  const { installed } = facts;
  // Where nothing is installed, everything else would only say so again.
  if (installed.kind === 'not-installed') return diagnoseInstalled(installed);
  const reported = new Set(installed.kind === 'checked' ? installed.faults.map(({ path }) => path) : []);
  return [
    ...diagnoseInstalled(installed),
    ...facts.settings.map((reason) => finding('SETTINGS_INVALID', reason)),
    ...diagnoseDropIns(facts.dropIns),
    ...diagnosePlugins(facts.plugins, reported),
    ...diagnoseConflists(facts.conflists),
    ...(facts.image === undefined ? [] : diagnoseImage(facts.image)),
    ...(facts.boot === undefined ? [] : diagnoseBoot(facts.boot)),
    ...(facts.status === undefined ? [] : diagnoseDaemon(facts.status)),
  ];
}

/** Reports whether any finding is a fault: exit code 3. */
export function hasFaults(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'fault');
}
