import { type Manifest, type ManifestFile, renderDocument, type WantedEntry } from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { sha256Text } from './observe.ts';
import { stampOf } from './sources.ts';

/** The manifest of what stands on the host now, with stamps that make the next look cheap. */
function describeInstalled(host: Host, version: string, wanted: readonly WantedEntry[]): Manifest {
  const files = wanted.flatMap((entry): readonly ManifestFile[] => {
    if (entry.kind !== 'file' && entry.kind !== 'program') return [];
    const stamp = stampOf(host.files.fact(entry.path));
    if (stamp === undefined) return [];
    const { path, mode } = entry;
    if (entry.kind === 'file') return [{ path, mode, sha256: sha256Text(entry.text), stamp }];
    const { from, sha256 } = entry.source;
    const source = stampOf(host.local.fact(from));
    const isItself = from === host.files.hostPath(path);
    return [
      { path, mode, sha256, stamp, ...(source === undefined || isItself ? {} : { source: { ...source, path: from } }) },
    ];
  });
  const links = wanted.flatMap((entry) => (entry.kind === 'link' ? [{ path: entry.path, target: entry.target }] : []));
  return { format: 'vpc-cni-manifest/1', version, files, links };
}

/** Its text. */
export function renderInstalled(host: Host, version: string, wanted: readonly WantedEntry[]): string {
  return renderDocument(describeInstalled(host, version, wanted));
}
