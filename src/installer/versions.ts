import { basename } from 'node:path/posix';
import { manifestPath, type ObservedVersions, PATHS, parseVersion, payloadDirectory } from '../hostspec/index.ts';
import { fileIdentity, processImages } from '../sys/index.ts';
import type { Host } from './host.ts';

/** Where the links `current` and `previous` point, as names of folders; what they lead to may be missing. */
export function linkedVersions(files: Pick<Host['files'], 'fact'>): Pick<ObservedVersions, 'current' | 'previous'> {
  const target = (path: string): string | undefined => {
    const fact = files.fact(path);
    return fact.kind === 'link' ? basename(fact.target) : undefined;
  };
  return { current: target(PATHS.current), previous: target(PATHS.previous) };
}

/** The executables other processes run. Ours does not count: it may be that of a version which goes. */
function imagesOfOthers(): ReadonlySet<string> {
  const others = processImages().filter(({ pid }) => pid !== process.pid);
  return new Set(others.map(({ identity }) => identity));
}

/** The versions a host has. `replaced` is the checksum of the executable that `version` is about to put its own over. */
export function observeVersions(
  host: Host,
  { version, replaced }: { readonly version: string; readonly replaced: string | undefined },
): ObservedVersions {
  const { files } = host;
  const { current, previous } = linkedVersions(files);
  const names = files
    .list(PATHS.home)
    .filter((name) => parseVersion(name) !== undefined && files.fact(`${PATHS.home}/${name}`).kind === 'directory');
  const there = (name: string | undefined): string | undefined =>
    name !== undefined && names.includes(name) ? name : undefined;
  // Most runs find the two versions that stay: then no process has to be looked at.
  const settled = current === version && names.every((name) => name === current || name === previous);
  const images = settled ? new Set<string>() : imagesOfOthers();
  const payloads = names.map((name) => {
    const identity = fileIdentity(files.hostPath(`${payloadDirectory(name)}/vpc-cni`));
    return {
      name,
      // The manifest is written when everything else is there.
      state: files.fact(manifestPath(name)).kind === 'file' ? ('whole' as const) : ('part' as const),
      use: identity !== undefined && images.has(identity) ? ('in-use' as const) : ('unused' as const),
    };
  });
  return { current: there(current), previous: there(previous), replaced, payloads };
}
