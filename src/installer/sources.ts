import { HostError, toHostError } from '../errors/index.ts';
import {
  type Manifest,
  OPTIONAL_PLUGINS,
  PATHS,
  type ProgramSource,
  payloadDirectory,
  REQUIRED_PLUGINS,
  type Stamp,
} from '../hostspec/index.ts';
import { type Exec, type FileFact, followedFact, type ReadFiles, withTemporaryDirectory } from '../sys/index.ts';
import { checkArchive } from './check-archive.ts';
import type { Host } from './host.ts';

/** The stamp of a regular file. */
export function stampOf(fact: FileFact): Stamp | undefined {
  return fact.kind === 'file' ? { size: fact.size, mtimeMs: fact.mtimeMs, inode: fact.inode } : undefined;
}

/** Reports whether a file is still as it was when the stamp was taken. */
export function sameStamp(a: Stamp | undefined, b: Stamp | undefined): boolean {
  return a !== undefined && b !== undefined && a.size === b.size && a.mtimeMs === b.mtimeMs && a.inode === b.inode;
}

/** Checksums by stamp that the manifest already knows: reading 100 MB again would cost more than all the rest. */
function recordedChecksum(manifest: Manifest | undefined, stamp: Stamp): string | undefined {
  const files = manifest?.files ?? [];
  return files.find((file) => sameStamp(file.source, stamp) || sameStamp(file.stamp, stamp))?.sha256;
}

/** A file of this machine as a source; `undefined` when there is no regular file. */
function programSource(
  local: ReadFiles,
  manifest: Manifest | undefined,
  program: { readonly name: string; readonly from: string },
): ProgramSource | undefined {
  const stamp = stampOf(local.fact(program.from));
  if (stamp === undefined) return undefined;
  return { ...program, size: stamp.size, sha256: recordedChecksum(manifest, stamp) ?? local.sha256(program.from) };
}

/** The running executable as a source. */
export function executableSource(host: Host, manifest: Manifest | undefined, executable: string): ProgramSource {
  const source = programSource(host.local, manifest, { name: 'vpc-cni', from: executable });
  if (source === undefined) throw new HostError('NOT_COMPILED', { executable });
  return source;
}

/** Stock plugins found, or why there are none. */
export type PluginSources =
  | { readonly kind: 'found'; readonly plugins: readonly ProgramSource[]; readonly notes?: readonly string[] }
  | { readonly kind: 'missing'; readonly failure: HostError };

// Where distributions put them: Debian and Ubuntu, Amazon Linux and Fedora, and an AMI that came with its own.
const DISTRIBUTION_DIRECTORIES = [PATHS.distributionPlugins, '/usr/libexec/cni', PATHS.cniBin] as const;

type FindPlugin = (name: string) => ProgramSource | undefined;

function pluginsIn(host: Host, manifest: Manifest | undefined, directory: string): PluginSources {
  return pickPlugins(directory, (name) => programSource(host.local, manifest, { name, from: `${directory}/${name}` }));
}

/**
 * A plugin that a version holds. One that was changed by hand is no source of itself: it would pass for what was installed.
 * Its source is what it was copied from, as far as that is still there.
 */
export function heldPlugin(
  host: Host,
  held: { readonly manifest: Manifest | undefined; readonly version: string },
  name: string,
): ProgramSource | undefined {
  const { manifest, version } = held;
  const path = `${payloadDirectory(version)}/plugins/${name}`;
  const own = programSource(host.local, manifest, { name, from: host.files.hostPath(path) });
  const installed = manifest?.files.find((file) => file.path === path);
  if (own === undefined || installed === undefined || own.sha256 === installed.sha256) return own;
  const { sha256, stamp, source } = installed;
  const places = [source?.path, ...DISTRIBUTION_DIRECTORIES.map((place) => `${place}/${name}`)];
  const original = places
    .map((from) => (from === undefined ? undefined : programSource(host.local, manifest, { name, from })))
    .find((found) => found?.sha256 === sha256);
  return original ?? { ...own, sha256, size: stamp?.size ?? own.size };
}

function pickPlugins(directory: string, found: FindPlugin): PluginSources {
  const required = REQUIRED_PLUGINS.map((name) => ({ name, source: found(name) }));
  const missing = required.filter(({ source }) => source === undefined).map(({ name }) => name);
  if (missing.length > 0) {
    const failure = new HostError('PLUGINS_MISSING', { missing: missing.join(', '), source: directory });
    return { kind: 'missing', failure };
  }
  const sources = [...required.map(({ source }) => source), ...OPTIONAL_PLUGINS.map(found)];
  return { kind: 'found', plugins: sources.filter((source) => source !== undefined) };
}

async function unpack(
  exec: Exec,
  { archive, copy, directory }: { readonly archive: string; readonly copy: string; readonly directory: string },
): Promise<void> {
  try {
    await exec.run({ argv: ['tar', '-xf', copy, '-C', directory, '--no-same-owner'], timeoutMs: 60_000 });
  } catch (error) {
    const failure = toHostError(error);
    if (failure.code !== 'EXEC_FAILED') throw failure;
    const { outcome, stderr } = failure.details;
    throw new HostError('ARCHIVE_UNREADABLE', { path: archive, reason: `tar ${outcome}: ${stderr}` }, failure);
  }
}

/**
 * Checks an archive, unpacks it and calls `use` with where it is, for as long as that runs. What is checked and unpacked is
 * a copy: whoever can write the archive could exchange it in between, and root runs what is in it.
 */
async function withArchive<T>(
  host: Host,
  { archive, checksum }: { readonly archive: string; readonly checksum: string | undefined },
  use: (unpacked: { readonly directory: string; readonly notes: readonly string[] }) => Promise<T>,
): Promise<T> {
  return await withTemporaryDirectory(async (safe) => {
    const copy = `${safe}/archive`;
    host.local.copy({ path: copy, from: archive, mode: 0o600 });
    const notes = checkArchive(host.local, { archive, copy }, checksum);
    return await withTemporaryDirectory(async (directory) => {
      await unpack(host.exec, { archive, copy, directory });
      // Releases hold the plugins at the top; other packagers use bin/.
      const inBin = host.local.fact(`${directory}/bin`).kind === 'directory';
      return await use({ directory: inBin ? `${directory}/bin` : directory, notes });
    });
  });
}

/**
 * Finds the stock plugins and calls `use` with them; an archive is unpacked for as long as `use` runs. Without `given`,
 * what this version already holds stays what it is, so that a later run never swaps it for the distribution's.
 */
export async function withPlugins<T>(
  input: {
    readonly host: Host;
    readonly manifest: Manifest | undefined;
    readonly version: string;
    readonly given: string | undefined;
    /** What an archive must have, as `sha256:…` or `sha512:…`. */
    readonly checksum: string | undefined;
  },
  use: (sources: PluginSources) => Promise<T>,
): Promise<T> {
  const { host, manifest, version, given, checksum } = input;
  if (given !== undefined) {
    const { kind } = followedFact(host.local, given);
    if (kind === 'absent') {
      const source = `${given}, where there is nothing`;
      const failure = new HostError('PLUGINS_MISSING', { missing: REQUIRED_PLUGINS.join(', '), source });
      return await use({ kind: 'missing', failure });
    }
    if (kind !== 'file') {
      if (checksum !== undefined) throw new HostError('USAGE', { reason: '--plugins-checksum is for an archive' });
      return await use(pluginsIn(host, manifest, given));
    }
    return await withArchive(host, { archive: given, checksum }, async ({ directory, notes }) => {
      const found = pluginsIn(host, manifest, directory);
      if (found.kind === 'found') return await use({ ...found, notes });
      // Its reader knows the archive; where it was unpacked is gone.
      const failure = new HostError('PLUGINS_MISSING', { ...found.failure.details, source: given });
      return await use({ kind: 'missing', failure });
    });
  }
  const payload = host.files.hostPath(`${payloadDirectory(version)}/plugins`);
  const held = pickPlugins(payload, (name) => heldPlugin(host, { manifest, version }, name));
  if (held.kind === 'found') return await use(held);
  const below = host.root === '/' ? [] : DISTRIBUTION_DIRECTORIES.map((path) => host.files.hostPath(path));
  for (const directory of [...below, ...DISTRIBUTION_DIRECTORIES]) {
    // One after the other: the checksums of directories behind the first that has all would be taken for nothing.
    const found = pluginsIn(host, manifest, directory);
    if (found.kind === 'found') return await use(found);
  }
  const said = new HostError('PLUGINS_MISSING', {
    missing: REQUIRED_PLUGINS.join(', '),
    source: DISTRIBUTION_DIRECTORIES.join(', '),
  });
  return await use({ kind: 'missing', failure: said });
}
