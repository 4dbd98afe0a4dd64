import { basename } from 'node:path/posix';
import { HostError } from '../errors/index.ts';
import { PATHS, payloadDirectory } from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { readManifest } from './observe.ts';
import { linkedVersions } from './versions.ts';

/** What a rollback runs: the executable of the version before, which knows best how its own files are. */
export interface RollbackTarget {
  readonly from: string;
  readonly to: string;
  /** The executable on this machine. */
  readonly executable: string;
}

const none = (reason: string): HostError => new HostError('NO_PREVIOUS_VERSION', { reason });

/**
 * Finds the version to go back to. Throws `NO_PREVIOUS_VERSION` when there is none, or when its executable is not the one
 * that was installed: whatever else it is, root would run it.
 */
export function findPrevious(host: Host): RollbackTarget {
  const { files } = host;
  const { current, previous } = linkedVersions(files);
  if (current === undefined) throw none('nothing is installed on this host');
  if (previous === undefined || previous === current) throw none(`${current} is the first version on this host`);
  const path = `${payloadDirectory(previous)}/vpc-cni`;
  if (files.fact(path).kind !== 'file') throw none(`${path} is missing`);
  const manifest = readManifest(files, previous);
  // A build that was kept beside another one of its version still has the manifest of its former place.
  const recorded = manifest?.files.find(
    ({ path: at }) => at.startsWith(`${PATHS.home}/`) && basename(at) === 'vpc-cni',
  )?.sha256;
  if (recorded === undefined) throw none(`${payloadDirectory(previous)} has no readable manifest`);
  if (recorded !== files.sha256(path)) throw none(`${path} is not what was installed there`);
  return { from: current, to: previous, executable: files.hostPath(path) };
}
