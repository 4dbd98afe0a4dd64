import { FRESH, type Keeper, PATHS, type Staleness, UNIT_NAME } from '../hostspec/index.ts';
import { fileIdentity, identifyProcess, processAgeMs, processImage } from '../sys/index.ts';
import { unitRuns } from '../systemd/index.ts';
import { readSupervisor } from './daemon.ts';
import type { Host } from './host.ts';

// A file written just before the process is started is one that was read for it.
const JUST_BEFORE_MS = 100;

/** Another executable of ours, from before `current` was switched or its file was replaced. */
function runsAnotherVersion(host: Host, pid: number): boolean {
  const image = processImage(pid);
  if (!image?.path.startsWith(host.files.hostPath(`${PATHS.home}/`))) return false;
  return image.identity !== fileIdentity(host.files.hostPath(PATHS.executable));
}

/** Reports whether a file was written since the process started; one from the future says nothing. */
export function isNewer(host: Host, path: string, pid: number): boolean {
  const fact = host.files.fact(path);
  const id = identifyProcess(pid);
  if (fact.kind !== 'file' || id === undefined) return false;
  const now = host.clock.now();
  return fact.mtimeMs > now - processAgeMs(id) + JUST_BEFORE_MS && fact.mtimeMs <= now;
}

/** Compares the daemon that runs with the one that is installed. */
export async function observeStaleness(host: Host, keeper: Keeper): Promise<Staleness> {
  const another = 'it runs another executable than the installed one';
  if (keeper === 'supervisor') {
    const state = readSupervisor(host);
    const pids = [state?.supervisor, state?.child].filter((id) => id !== undefined && id !== null);
    return pids.some(({ pid }) => runsAnotherVersion(host, pid)) ? { ...FRESH, reason: another } : FRESH;
  }
  const { mainPid, unread } = await unitRuns(host.exec, UNIT_NAME);
  const unit = unread ? 'unread' : 'known';
  if (mainPid !== 0 && runsAnotherVersion(host, mainPid)) return { unit, reason: another };
  const changed = unread || (mainPid !== 0 && isNewer(host, PATHS.unit, mainPid));
  return { unit, reason: changed ? 'its unit has changed since it was started' : undefined };
}
