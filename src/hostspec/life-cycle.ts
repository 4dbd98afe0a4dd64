import { PATHS, payloadDirectory } from './paths.ts';
import type { Step } from './step.ts';

/** The versions a host has, as names of folders below our home. */
export interface ObservedVersions {
  /** Where `current` points to; `undefined` when nothing is installed. */
  readonly current: string | undefined;
  /** Where `previous` points to; `undefined` when there is none or nothing runnable is there. */
  readonly previous: string | undefined;
  /** The checksum of the executable that is about to be replaced in its place; `undefined` when none is. */
  readonly replaced: string | undefined;
  /** Every folder of a version. A `part` is left of a run that was killed; `in-use`: a process runs its executable. */
  readonly payloads: readonly {
    readonly name: string;
    readonly state: 'whole' | 'part';
    readonly use: 'in-use' | 'unused';
  }[];
}

/** What an installation means for the versions on the host. */
export interface VersionPlan {
  /** `build` is another build under the same version number. */
  readonly change: 'first' | 'none' | 'version' | 'build';
  /** What `previous` must point to; `undefined` for no such link. */
  readonly previous: string | undefined;
  /** Where the build that is about to be replaced in its place must be kept. */
  readonly keep: { readonly path: string; readonly from: string } | undefined;
  /** Folders that are neither of the two any more, and that nobody runs. */
  readonly retired: readonly string[];
}

/** Enough of a checksum to tell builds of one version apart. */
const BUILD_CHARACTERS = 12;

/** The folder in which a build waits for a rollback while another build of its version has its place. */
export function keptBuild(version: string, sha256: string): string {
  return `${version}+${sha256.slice(0, BUILD_CHARACTERS)}`;
}

function changeOf(version: string, { current, replaced }: ObservedVersions): VersionPlan['change'] {
  if (current === undefined) return 'first';
  if (current !== version) return 'version';
  return replaced === undefined ? 'none' : 'build';
}

/**
 * Decides which version is the previous one once `version` is current, and which ones go. The one that is current now
 * stays as the previous one; while nothing changes, so does the link.
 */
export function planVersions(version: string, observed: ObservedVersions): VersionPlan {
  const { current, replaced, payloads } = observed;
  const change = changeOf(version, observed);
  const kept = change === 'build' && replaced !== undefined ? keptBuild(version, replaced) : undefined;
  // A part of a version is nothing to go back to.
  const isWhole = payloads.some(({ name, state }) => name === current && state === 'whole');
  const before = change === 'version' && isWhole ? current : (kept ?? observed.previous);
  const previous = before === version || change === 'first' ? undefined : before;
  // A folder of this name was made whole before it was shown: an exchange of builds that was killed left it.
  const isKept = payloads.some(({ name }) => name === kept);
  const stay = new Set([version, previous]);
  return {
    change,
    previous,
    keep: kept === undefined || isKept ? undefined : { path: payloadDirectory(kept), from: payloadDirectory(version) },
    retired: payloads
      .filter(({ name, use }) => !stay.has(name) && use === 'unused')
      .map(({ name }) => payloadDirectory(name)),
  };
}

/** Weaves the steps of the links and of the build that is kept into those of the files. */
export function weaveVersions(
  files: readonly Step[],
  plan: VersionPlan,
  observed: { readonly previous: string | undefined },
): readonly Step[] {
  const { previous, keep } = plan;
  const path = PATHS.previous;
  const before = observed.previous;
  const link: readonly Step[] =
    previous === before
      ? []
      : previous === undefined
        ? [{ kind: 'remove-link', path, target: before ?? '' }]
        : [{ kind: 'make-link', path, target: previous, before, over: before === undefined ? 'nothing' : 'link' }];
  const steps: readonly Step[] = [...(keep === undefined ? [] : [{ kind: 'keep-payload', ...keep } as const]), ...link];
  // What is replaced in its place is kept, and found, before that. Otherwise the version before stays the previous one
  // until its successor is whole, and is so right before `current` is switched: killed anywhere, a rollback finds one.
  const at = plan.change === 'version' ? files.findIndex(isSwitch) : plan.change === 'build' ? 0 : files.length;
  return files.toSpliced(at < 0 ? files.length : at, 0, ...steps);
}

const isSwitch = (step: Step): boolean => step.kind === 'make-link' && step.path === PATHS.current;
