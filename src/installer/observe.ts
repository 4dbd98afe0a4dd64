import {
  type HostRecord,
  type Manifest,
  manifestPath,
  type ObservedEntry,
  PATHS,
  parseHostRecord,
  parseManifest,
  sysctlPath,
  type WantedEntry,
} from '../hostspec/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import { sameStamp, stampOf } from './sources.ts';

/** Hex sha256 of a text. */
export function sha256Text(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}

/** What a version installed, as far as it is written down. */
export function readManifest(files: ReadFiles, version: string): Manifest | undefined {
  return parseManifest(files.read(manifestPath(version)) ?? '');
}

/** What every version that is installed here has written down. */
export function readManifests(files: ReadFiles): readonly Manifest[] {
  return files
    .list(PATHS.home)
    .map((name) => (files.fact(`${PATHS.home}/${name}`).kind === 'directory' ? readManifest(files, name) : undefined))
    .filter((manifest) => manifest !== undefined);
}

/** What the host must get back one day. Throws `RECORD_UNREADABLE`. */
export function readRecord(files: ReadFiles): HostRecord {
  return parseHostRecord(files.read(PATHS.record));
}

/** What stands at a path; texts are read, programs are hashed only when they changed since the manifest was written. */
export function observeEntry(
  files: ReadFiles,
  entry: { readonly path: string; readonly content: 'text' | 'program' | 'ignored' },
  manifest?: Manifest,
): ObservedEntry {
  const fact = files.fact(entry.path);
  if (fact.kind !== 'file') return fact;
  const { mode, owner } = fact;
  if (entry.content === 'ignored') return { kind: 'file', mode, owner, sha256: '' };
  if (entry.content === 'text') {
    const text = files.read(entry.path) ?? '';
    return { kind: 'file', mode, owner, text, sha256: sha256Text(text) };
  }
  const recorded = manifest?.files.find(({ path }) => path === entry.path);
  const known = sameStamp(recorded?.stamp, stampOf(fact)) ? recorded?.sha256 : undefined;
  return { kind: 'file', mode, owner, sha256: known ?? files.sha256(entry.path) };
}

/** What stands at the path of every wanted entry. */
export function observeEntries(
  files: ReadFiles,
  wanted: readonly WantedEntry[],
  manifest: Manifest | undefined,
): ReadonlyMap<string, ObservedEntry> {
  const content = { file: 'text', program: 'program', link: 'ignored', directory: 'ignored' } as const;
  return new Map(
    wanted.map(({ kind, path }) => [path, observeEntry(files, { path, content: content[kind] }, manifest)]),
  );
}

/** The value of a sysctl; `undefined` where the kernel has none. */
export function readSysctl(files: ReadFiles, key: readonly string[]): string | undefined {
  return files.read(sysctlPath(key))?.trim();
}
