import { dirname } from 'node:path';
import kubelet from '../../templates/kubelet-max-pods.conf' with { type: 'text' };
import environment from '../../templates/kubelet-max-pods.env' with { type: 'text' };
import nodeadm from '../../templates/nodeadm-max-pods.yaml' with { type: 'text' };
import { fillText } from './fill.ts';
import { MARK } from './owned.ts';
import { PATHS } from './paths.ts';
import { directoryEntries, type WantedEntry } from './wanted.ts';

/** Who tells the kubelet how many pods it may take; the values of KUBELET_MAX_PODS but `off`. */
export type KubeletTarget = 'kubelet' | 'nodeadm' | 'env';

/** What each of them reads, and where. */
const FILES = {
  kubelet: { path: PATHS.kubeletDropIn, template: kubelet },
  nodeadm: { path: PATHS.nodeadmDropIn, template: nodeadm },
  env: { path: PATHS.kubeletEnv, template: environment },
} as const satisfies Readonly<Record<KubeletTarget, { readonly path: string; readonly template: string }>>;

/** Every file that can hold the number of pods: where uninstall looks for ours. */
export const KUBELET_FILES: readonly string[] = Object.values(FILES).map(({ path }) => path);

/** Reports whether a word names somebody who can be told. */
export function isKubeletTarget(word: string): word is KubeletTarget {
  return Object.hasOwn(FILES, word);
}

/** The file that tells the kubelet how many pods it may take, and the directories above it. */
export function kubeletEntries(target: KubeletTarget, maxPods: number): readonly WantedEntry[] {
  const { path, template } = FILES[target];
  const text = fillText(template, { MARK, MAX_PODS: String(maxPods) });
  return [...directoryEntries([dirname(path)]), { kind: 'file', path, mode: 0o644, text }];
}

/** The path of the file for this target. */
export function kubeletPath(target: KubeletTarget): string {
  return FILES[target].path;
}
