import type { Settings } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import {
  directoryEntries,
  isOurText,
  KUBELET_FILES,
  type KubeletTarget,
  kubeletEntries,
  kubeletPath,
  PATHS,
  type Step,
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
  return await underLock(host, async () => {
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

/** What a boot does for the kubelet. */
export interface BootKubelet {
  readonly entries: readonly WantedEntry[];
  /** Takes away what an earlier setting asked for: two files would say two numbers. */
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

function removeOthers(files: ReadFiles, wanted: string | undefined): readonly Step[] {
  return KUBELET_FILES.flatMap((path): readonly Step[] => {
    const fact = files.fact(path);
    if (path === wanted || fact.kind !== 'file' || isForeign(files, path)) return [];
    return [{ kind: 'remove-file', path, mode: fact.mode, before: files.read(path) ?? '' }];
  });
}

/**
 * What a boot puts there for the kubelet (KUBELET_MAX_PODS). A node without it still serves pods, so what is in the way
 * is a note and never a failure.
 */
export async function bootKubelet(host: Host, settings: Settings, imdsMs: number): Promise<BootKubelet> {
  const target = settings.KUBELET_MAX_PODS;
  const path = target === 'off' ? undefined : kubeletPath(target);
  const steps = removeOthers(host.files, path);
  if (target === 'off' || path === undefined) return { entries: [], steps, notes: [] };
  const note = (reason: string) => ({ entries: [], steps, notes: [`${path} is not written: ${reason}`] });
  if (isForeign(host.files, path)) return note('somebody else wrote a file of that name');
  try {
    const room = await findPodRoom({ settings, env: host.env, imdsMs });
    return { entries: kubeletEntries(target, room.maxPods), steps, notes: [] };
  } catch (error) {
    const { code, message } = toHostError(error);
    return note(`${code}: ${message}`);
  }
}
