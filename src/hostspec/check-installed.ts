import { isKnown } from './known.ts';
import type { ObservedEntry, Owner } from './observed.ts';
import type { Manifest } from './parse-manifest.ts';

/** How something that was installed differs from what its version's manifest says of it. */
export type InstalledFault =
  | { readonly kind: 'missing'; readonly path: string; readonly what: 'file' | 'link' | 'directory' }
  | { readonly kind: 'other-kind'; readonly path: string; readonly wanted: string; readonly found: string }
  | { readonly kind: 'content'; readonly path: string; readonly wanted: string; readonly found: string }
  | { readonly kind: 'mode'; readonly path: string; readonly wanted: number; readonly found: number }
  | { readonly kind: 'owner'; readonly path: string; readonly wanted: Owner; readonly found: Owner }
  | { readonly kind: 'target'; readonly path: string; readonly wanted: string; readonly found: string };

interface Right {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function rightFaults(
  { path, mode, uid, gid }: Right,
  found: { mode: number; owner: Owner },
): readonly InstalledFault[] {
  const wanted = { uid, gid };
  return [
    ...(found.mode === mode ? [] : [{ kind: 'mode', path, wanted: mode, found: found.mode } as const]),
    ...(found.owner.uid === uid && found.owner.gid === gid
      ? []
      : [{ kind: 'owner', path, wanted, found: found.owner } as const]),
  ];
}

function kindFault(path: string, what: 'file' | 'link' | 'directory', found: ObservedEntry): readonly InstalledFault[] {
  if (found.kind === 'absent') return [{ kind: 'missing', path, what }];
  return [{ kind: 'other-kind', path, wanted: what, found: found.kind }];
}

/** Compares what stands on the host, by path, with what its manifest says. */
export function checkManifest(
  manifest: Manifest,
  observed: ReadonlyMap<string, ObservedEntry>,
): readonly InstalledFault[] {
  const at = (path: string): ObservedEntry => observed.get(path) ?? { kind: 'absent' };
  const directories = manifest.directories.flatMap((wanted) => {
    const found = at(wanted.path);
    return found.kind === 'directory' ? rightFaults(wanted, found) : kindFault(wanted.path, 'directory', found);
  });
  const files = manifest.files.flatMap((wanted): readonly InstalledFault[] => {
    const { path, sha256 } = wanted;
    const found = at(path);
    if (found.kind !== 'file') return kindFault(path, 'file', found);
    const content = isKnown(found, { kind: 'file', sha256 });
    return [
      ...(content ? [] : [{ kind: 'content', path, wanted: sha256, found: found.sha256 } as const]),
      ...rightFaults(wanted, found),
    ];
  });
  const links = manifest.links.flatMap(({ path, target }): readonly InstalledFault[] => {
    const found = at(path);
    if (found.kind !== 'link') return kindFault(path, 'link', found);
    return found.target === target ? [] : [{ kind: 'target', path, wanted: target, found: found.target }];
  });
  return [...directories, ...files, ...links];
}
