import type { Settings } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import {
  directoryEntries,
  isOurText,
  type KubeletTarget,
  kubeletEntries,
  kubeletPath,
  PATHS,
  type WantedEntry,
} from '../hostspec/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import { applySteps } from './apply.ts';
import { type Host, underLock } from './host.ts';
import { planEntries } from './plan-entries.ts';
import { findPodRoom } from './pod-room.ts';

function isForeign(files: ReadFiles, path: string): boolean {
  const { kind } = files.fact(path);
  return kind !== 'absent' && (kind !== 'file' || !isOurText(files.read(path) ?? ''));
}

const silent = { started: () => undefined, finished: () => undefined, waiting: () => undefined };

/**
 * Writes the file that tells the kubelet how many pods it may take; nothing when it says so already. Throws
 * `FILE_FOREIGN` when somebody else wrote one of that name.
 */
export async function tellKubelet(
  host: Host,
  target: KubeletTarget,
  maxPods: number,
): Promise<'written' | 'unchanged'> {
  return await underLock(host, 0, async () => {
    const path = kubeletPath(target);
    if (isForeign(host.files, path)) throw new HostError('FILE_FOREIGN', { path });
    // What is to be given back is written down in our folder, which may not be there yet.
    const wanted = [...directoryEntries([PATHS.home]), ...kubeletEntries(target, maxPods)];
    const { steps } = planEntries({ host, foreign: 'keep' }, wanted, undefined);
    const { undo } = await applySteps({ host, version: '', wanted, steps }, silent);
    undo.settle();
    return steps.length === 0 ? 'unchanged' : 'written';
  });
}

/**
 * What a boot puts there for the kubelet (KUBELET_MAX_PODS). A node without it still serves pods, so what is in the way
 * is a note and never a failure.
 */
export async function bootKubelet(
  host: Host,
  settings: Settings,
  imdsMs: number,
): Promise<{ readonly entries: readonly WantedEntry[]; readonly notes: readonly string[] }> {
  const target = settings.KUBELET_MAX_PODS;
  if (target === 'off') return { entries: [], notes: [] };
  const path = kubeletPath(target);
  const note = (reason: string) => ({ entries: [], notes: [`${path} is not written: ${reason}`] });
  if (isForeign(host.files, path)) return note('somebody else wrote a file of that name');
  try {
    const room = await findPodRoom({ settings, env: host.env, imdsMs });
    return { entries: kubeletEntries(target, room.maxPods), notes: [] };
  } catch (error) {
    const { code, message } = toHostError(error);
    return note(`${code}: ${message}`);
  }
}
