import { HostError } from '../errors/index.ts';
import {
  checkManifest,
  type InstalledFault,
  type Manifest,
  manifestPath,
  type ObservedEntry,
  PATHS,
} from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { observeEntry, readManifest, readRecord } from './observe.ts';

/** What the current version's manifest says against what stands on the host. */
export type InstalledCheck =
  | { readonly kind: 'not-installed' }
  /** `handback` gave the node to aws-node: plugins and daemon of ours are not to be there. */
  | { readonly kind: 'handed-back'; readonly at: string }
  /** `current` points at a version whose manifest is missing or damaged, or the record is: nothing can be compared. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | { readonly kind: 'checked'; readonly version: string; readonly faults: readonly InstalledFault[] };

/** Everything the manifest names, with files read in full: a stamp would hide a change that a disk made by itself. */
function observeAll(host: Host, { directories, files, links }: Manifest): ReadonlyMap<string, ObservedEntry> {
  const paths = [...directories, ...files, ...links].map(({ path }) => path);
  return new Map(paths.map((path) => [path, observeEntry(host.files, { path, content: 'program' })]));
}

/** Compares the installed version with its manifest: content, modes, owners, link targets, what is missing. */
export function checkInstalled(host: Host): InstalledCheck {
  const { files } = host;
  const current = files.fact(PATHS.current);
  if (current.kind !== 'link') return { kind: 'not-installed' };
  const version = current.target;
  const path = manifestPath(version);
  const manifest = readManifest(files, version);
  if (manifest === undefined) {
    const absent = files.fact(path).kind === 'absent';
    return { kind: 'unreadable', path, reason: absent ? 'it is missing' : 'it is not a manifest' };
  }
  try {
    const { handedBack } = readRecord(files);
    if (handedBack !== undefined) return { kind: 'handed-back', at: handedBack };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { kind: 'unreadable', path: PATHS.record, reason: error.message };
  }
  return { kind: 'checked', version, faults: checkManifest(manifest, observeAll(host, manifest)) };
}
