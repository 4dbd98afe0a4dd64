import { keptBuild, planVersions, type Step, weaveVersions } from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { observeEntry, readManifest } from './observe.ts';
import { linkedVersions, observeVersions } from './versions.ts';

/** What a run puts in the place of what. */
export interface VersionChange {
  readonly from: string;
  readonly to: string;
}

/** The steps of the files with those of the versions, and what follows once all of it is done. */
export interface PlannedVersions {
  readonly steps: readonly Step[];
  /** Payloads that go when nothing can fail any more. */
  readonly retired: readonly Step[];
  /** `undefined` on the first installation of a host. */
  readonly change: VersionChange | undefined;
}

/** Plans which versions stay and which go when `version` becomes current by these steps of its files. */
export function planVersionSteps(
  host: Host,
  to: { readonly version: string; readonly executable: { readonly path: string; readonly sha256: string } },
  files: readonly Step[],
): PlannedVersions {
  const { version, executable } = to;
  const { path } = executable;
  const isReplaced = files.some((step) => step.kind === 'copy-program' && step.path === path);
  const there = isReplaced
    ? observeEntry(host.files, { path, content: 'program' }, readManifest(host.files, version))
    : undefined;
  const replaced = there?.kind === 'file' ? there.sha256 : undefined;
  const observed = observeVersions(host, { version, replaced });
  const plan = planVersions(version, observed);
  const { current } = observed;
  const builds = { from: plan.previous ?? version, to: keptBuild(version, executable.sha256) };
  return {
    steps: weaveVersions(files, plan, linkedVersions(host.files)),
    retired: plan.retired.map((retired) => ({ kind: 'remove-payload', path: retired })),
    change: current === undefined ? undefined : plan.change === 'build' ? builds : { from: current, to: version },
  };
}

/** The words for a change of versions; nothing when there is none. */
export function describeChange(change: VersionChange | undefined): readonly string[] {
  if (change === undefined || change.from === change.to) return [];
  return [`version ${change.from} is replaced by ${change.to}; "vpc-cni rollback" goes back`];
}
