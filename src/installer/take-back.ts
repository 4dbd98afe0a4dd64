import { toHostError } from '../errors/index.ts';
import { diffHandback, diffRemoval, PATHS, type RemovalStep } from '../hostspec/index.ts';
import { type Orphan, sameOwner } from '../pool/index.ts';
import { keeperOf, stopDaemon } from './daemon.ts';
import { handOver, writeAwsNodeCheckpoint } from './hand-over.ts';
import type { Host } from './host.ts';
import { applyRemoval, observeInstall } from './uninstall.ts';

/** What a takeover that fails gives back, as it was before. */
export interface BeforeTakeover {
  /** aws-node's own checkpoint; while nothing in it has changed its file is not touched. */
  readonly pods: readonly Orphan[];
  readonly conflist: { readonly text: string; readonly mode: number } | undefined;
  /** Whether files of ours were there already: then they stay, and only what serves pods is given back. */
  readonly installed: boolean;
}

/** Notes what must be given back should the takeover fail. */
export function keepForTakeBack(host: Host, pods: readonly Orphan[]): BeforeTakeover {
  const fact = host.files.fact(PATHS.conflist);
  const text = host.files.read(PATHS.conflist);
  return {
    pods,
    conflist: text !== undefined && fact.kind === 'file' ? { text, mode: fact.mode } : undefined,
    installed: host.files.fact(PATHS.record).kind === 'file',
  };
}

function samePods(a: readonly Orphan[], b: readonly Orphan[]): boolean {
  const isIn = (all: readonly Orphan[], pod: Orphan): boolean =>
    all.some(({ owner, address }) => address === pod.address && sameOwner(owner, pod.owner));
  return a.length === b.length && a.every((pod) => isIn(b, pod));
}

/**
 * Takes a takeover back, so that aws-node can be started again: our daemon and files go, aws-node's return, pods stay
 * wired. Its checkpoint is only written when our daemon has added or deleted pods. Returns what stays.
 */
export async function takeBackTakeover(host: Host, before: BeforeTakeover): Promise<readonly string[]> {
  const remains: string[] = [];
  const attempt = async (what: string, work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      remains.push(`${what} (${toHostError(error).message})`);
    }
  };
  await attempt('the daemon', () => stopDaemon(host, keeperOf(host)));
  await attempt("aws-node's checkpoint", () => {
    const now = handOver(host.files);
    if (now !== undefined && !samePods(now.pods, before.pods)) writeAwsNodeCheckpoint(host);
  });
  const observed = await observeInstall(host);
  const steps: readonly RemovalStep[] = before.installed
    ? [
        ...diffHandback(observed, undefined).filter(({ kind }) => kind !== 'note-handback'),
        ...(observed.kernel === 'ours' ? [{ kind: 'remove-packet-rules', path: PATHS.run } as const] : []),
      ]
    : diffRemoval(observed, { ec2: 'keep', node: 'aws-node-again' });
  for (const step of steps) await attempt(step.kind, () => applyRemoval(host, step));
  const { conflist } = before;
  if (conflist !== undefined)
    await attempt(PATHS.conflist, () => host.files.replace({ path: PATHS.conflist, ...conflist, over: 'link' }));
  return remains;
}
