import { payloadDirectory } from './paths.ts';

/** The versions a host has, as names of folders below our home. */
export interface ObservedVersions {
  /** Where `current` points to; `undefined` when nothing is installed. */
  readonly current: string | undefined;
  /** Where `previous` points to; `undefined` when there is none or nothing runnable is there. */
  readonly previous: string | undefined;
  /** The checksum of the executable at the place of the version to be installed. */
  readonly executable: string | undefined;
  /** Every folder of a version, whole or not. `in-use`: a process runs its executable. */
  readonly payloads: readonly { readonly name: string; readonly use: 'in-use' | 'unused' }[];
}

/** What an installation means for the versions on the host. */
export interface VersionPlan {
  /** `build` is another build under the same version number. */
  readonly change: 'first' | 'none' | 'version' | 'build';
  /** What `previous` must point to; `undefined` for no such link. */
  readonly previous: string | undefined;
  /** Where the build that is about to be replaced in its place must be kept. */
  readonly keep: { readonly name: string; readonly from: string } | undefined;
  /** Folders that are neither of the two any more, and that nobody runs. */
  readonly retired: readonly string[];
}

/** Enough of a checksum to tell builds of one version apart. */
const BUILD_CHARACTERS = 12;

/** The folder in which a build waits for a rollback while another build of its version has its place. */
export function keptBuild(version: string, sha256: string): string {
  return `${version}+${sha256.slice(0, BUILD_CHARACTERS)}`;
}

function changeOf(to: { readonly version: string; readonly sha256: string }, observed: ObservedVersions) {
  if (observed.current === undefined) return 'first';
  if (observed.current !== to.version) return 'version';
  return observed.executable === undefined || observed.executable === to.sha256 ? 'none' : 'build';
}

/**
 * Decides which version is the previous one once `to` is current, and which ones go. The one that is current now stays
 * as the previous one; while nothing changes, so does the link.
 */
export function planVersions(
  to: { readonly version: string; readonly sha256: string },
  observed: ObservedVersions,
): VersionPlan {
  const change = changeOf(to, observed);
  const keep =
    change === 'build' && observed.executable !== undefined
      ? { name: keptBuild(to.version, observed.executable), from: to.version }
      : undefined;
  const before = change === 'version' ? observed.current : (keep?.name ?? observed.previous);
  const previous = before === to.version || change === 'first' ? undefined : before;
  const stay = new Set([to.version, previous]);
  const retired = observed.payloads.filter(({ name, use }) => !stay.has(name) && use === 'unused');
  return { change, previous, keep, retired: retired.map(({ name }) => payloadDirectory(name)) };
}
