import type { ObservedEntry, Owner } from './observed.ts';
import type { Manifest, PendingEntry } from './parse-manifest.ts';

/** One thing that we are known to have put at a path. What is not told may be anything. */
export interface Known {
  readonly kind: 'directory' | 'file' | 'link';
  readonly mode?: number | undefined;
  readonly owner?: Owner | undefined;
  readonly sha256?: string | undefined;
  readonly target?: string | undefined;
}

/** Reports whether what stands there is this. */
export function isKnown(observed: ObservedEntry, known: Known): boolean {
  if (observed.kind !== known.kind) return false;
  if (observed.kind === 'link') return known.target === undefined || known.target === observed.target;
  const { mode, owner, sha256 } = known;
  const right =
    (mode === undefined || mode === observed.mode) &&
    (owner === undefined || (owner.uid === observed.owner.uid && owner.gid === observed.owner.gid));
  return right && (observed.kind === 'directory' || sha256 === undefined || sha256 === observed.sha256);
}

/**
 * What every installed version, and runs that did not end, put where. More than one version counts, so that an older
 * one can put its own files back over those of a newer one.
 */
export function knownEntries(
  manifests: readonly Manifest[],
  pending: readonly PendingEntry[],
): ReadonlyMap<string, readonly Known[]> {
  const known = new Map<string, Known[]>();
  const add = (path: string, entry: Known): void => {
    const list = known.get(path);
    if (list === undefined) known.set(path, [entry]);
    else list.push(entry);
  };
  for (const { directories, files, links } of manifests) {
    for (const { path, mode, uid, gid } of directories) add(path, { kind: 'directory', mode, owner: { uid, gid } });
    for (const { path, mode, uid, gid, sha256 } of files)
      add(path, { kind: 'file', mode, owner: { uid, gid }, sha256 });
    for (const { path, target } of links) add(path, { kind: 'link', target });
  }
  for (const { path, mode, sha256, target } of pending) {
    // A run that was killed may or may not have come so far: what the manifests say counts beside it.
    if (known.has(path)) add(path, target === undefined ? { kind: 'file', mode, sha256 } : { kind: 'link', target });
  }
  return known;
}
