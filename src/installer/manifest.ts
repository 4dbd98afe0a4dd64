import { isInHome, type Manifest, type ManifestFile, renderDocument, type WantedEntry } from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { sha256Text } from './observe.ts';
import { stampOf } from './sources.ts';

/** What a version wants on the host, and which programs are not so because somebody changed them by hand. */
export interface Installed {
  readonly version: string;
  readonly wanted: readonly WantedEntry[];
  readonly kept: ReadonlySet<string>;
}

/** The manifest of what this version wants on the host, with stamps that make the next look cheap. */
function describeInstalled(host: Host, { version, wanted, kept }: Installed): Manifest {
  const { owner } = host;
  const files = wanted.flatMap((entry): readonly ManifestFile[] => {
    if (entry.kind !== 'file' && entry.kind !== 'program') return [];
    const { path, mode } = entry;
    const stamp = stampOf(host.files.fact(path));
    if (entry.kind === 'file') return [{ path, mode, ...owner, sha256: sha256Text(entry.text) }];
    const { from, sha256 } = entry.source;
    // What somebody changed by hand, and we kept, must not pass for ours by its stamp.
    const isOurs = stamp !== undefined && !kept.has(path);
    const source = stampOf(host.local.fact(from));
    const isItself = from === host.files.hostPath(path);
    return [
      {
        path,
        mode,
        ...owner,
        sha256,
        ...(isOurs ? { stamp } : {}),
        ...(source === undefined || isItself ? {} : { source: { ...source, path: from } }),
      },
    ];
  });
  const links = wanted.flatMap((entry) => {
    if (entry.kind !== 'link') return [];
    const { path, target, rival } = entry;
    const there = host.files.fact(path);
    // A stock plugin of somebody else that was kept is not ours to look after.
    if (rival === 'keep' && there.kind !== 'absent' && (there.kind !== 'link' || there.target !== target)) return [];
    return [{ path, target }];
  });
  const directories = wanted.flatMap((entry) =>
    entry.kind === 'directory' && isInHome(entry.path) ? [{ path: entry.path, mode: entry.mode, ...owner }] : [],
  );
  return { format: 'vpc-cni-manifest/1', version, directories, files, links };
}

/** Its text. */
export function renderInstalled(host: Host, installed: Installed): string {
  return renderDocument(describeInstalled(host, installed));
}
