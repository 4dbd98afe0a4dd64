import { existsSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { type Clock, type Exec, takeLock } from '../../sys/index.ts';
import type { NodePaths } from '../node/index.ts';
import { type CachedAttachment, forgetAttachment, listAttachments, rememberAttachment } from './cache.ts';
import type { Attachment } from './call.ts';
import { addChain, deleteChain, loadConflist } from './chain.ts';
import { asObject } from './parse-conflist.ts';
import { createSandbox, removeSandbox, sandboxExists, sandboxPath } from './sandbox.ts';

/** The runtime of one node. */
export interface Runtime {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly paths: NodePaths;
}

/** A pod by name. */
export interface PodName {
  readonly namespace: string;
  readonly pod: string;
}

/** A pod that was added and not yet deleted. */
export interface PodView extends PodName {
  readonly node: string;
  /** False once its sandbox is gone, as after a reboot of the node: its DEL is still owed. */
  readonly running: boolean;
  readonly containerId: string;
  readonly netns: string;
  readonly addresses: readonly string[];
}

const IF_NAME = 'eth0';
const POD_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

// As long as a chain may take to fail and be undone.
const TURN_DEADLINE_MS = 600_000;

/** Throws `USAGE` for what can be no pod's name. */
export function checkPodName(name: PodName): void {
  for (const word of [name.namespace, name.pod])
    if (!POD_NAME.test(word))
      throw new HostError('USAGE', {
        reason: `"${word}" is no name of a pod or namespace: up to 63 lower-case letters, digits, hyphens and dots`,
      });
}

/** One at a time for each pod, whoever asks, as a kubelet keeps it: what one makes another must not undo. */
function takeTurn({ clock, paths }: Runtime, name: PodName): Promise<Disposable> {
  checkPodName(name);
  return takeLock(`${paths.directory}/${name.namespace}_${name.pod}.lock`, { clock, waitMs: TURN_DEADLINE_MS });
}

/** Makes a sandbox and wires it by the node's CNI chain. A failure is undone by DEL, then thrown. */
export async function addPod(runtime: Runtime, name: PodName): Promise<PodView & { readonly ms: number }> {
  using _turn = await takeTurn(runtime, name);
  return await whileItRuns(runtime, { name, doing: 'added' }, () => makePod(runtime, name));
}

async function makePod({ exec, clock, paths }: Runtime, name: PodName): Promise<PodView & { readonly ms: number }> {
  const netns = sandboxPath(name.namespace, name.pod);
  if (sandboxExists(paths, netns) || isKnown(paths, name))
    throw new HostError('SIM_POD_EXISTS', { node: paths.node, pod: describe(name) });
  const list = await loadConflist(exec, paths);
  const attachment: Attachment = { ...name, containerId: freshContainerId(), netns, ifName: IF_NAME };
  const run = { exec, paths, list, attachment };
  try {
    // First of all: a pod that a crash left half-made must still be found by DEL.
    rememberAttachment(paths, { attachment, list, result: undefined });
    await createSandbox(exec, paths, netns);
    const started = clock.monotonic();
    const result = await addChain(run);
    const ms = clock.monotonic() - started;
    rememberAttachment(paths, { attachment, list, result });
    return { ...viewOf(paths, { attachment, list, result }), ms };
  } catch (error) {
    // The specification asks for a DEL after a failed ADD. What DEL says now adds nothing to what ADD said: ignoring it.
    await deleteChain(run, undefined).catch(() => undefined);
    forgetAttachment(paths, { attachment, list, result: undefined });
    await removeSandbox(exec, paths, netns);
    throw error;
  }
}

/** Unwires a pod and removes its sandbox. A failing DEL keeps the sandbox and the cached result, so it can be repeated. */
export async function deletePod(runtime: Runtime, name: PodName): Promise<{ readonly ms: number }> {
  const { exec, clock, paths } = runtime;
  using _turn = await takeTurn(runtime, name);
  const cached = findPod(paths, name);
  const { attachment, list, result } = cached;
  const started = clock.monotonic();
  return await whileItRuns(runtime, { name, doing: 'deleted' }, async () => {
    await deleteChain({ exec, paths, list, attachment }, result);
    const ms = clock.monotonic() - started;
    forgetAttachment(paths, cached);
    await removeSandbox(exec, paths, attachment.netns);
    return { ms };
  });
}

/** A reboot or a termination ends the programs of a node by SIGKILL: what they did is not their failure. */
async function whileItRuns<T>(
  { paths }: Runtime,
  what: { readonly name: PodName; readonly doing: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const wasKilled =
      error instanceof HostError && error.code === 'EXEC_FAILED' && error.details['outcome'] === 'ended by SIGKILL';
    if (!wasKilled && existsSync(paths.mountNamespace)) throw error;
    throw new HostError('SIM_NODE_STOPPED', { node: paths.node, pod: describe(what.name), doing: what.doing }, error);
  }
}

/** The pods of a node, by name. */
export function listPods(paths: NodePaths): readonly PodView[] {
  return listAttachments(paths)
    .map((cached) => viewOf(paths, cached))
    .sort((a, b) => describe(a).localeCompare(describe(b)));
}

/** The named pod. Throws `SIM_POD_MISSING`. */
export function podView(paths: NodePaths, name: PodName): PodView {
  return viewOf(paths, findPod(paths, name));
}

function isKnown(paths: NodePaths, name: PodName): boolean {
  return listAttachments(paths).some(
    ({ attachment }) => attachment.namespace === name.namespace && attachment.pod === name.pod,
  );
}

function findPod(paths: NodePaths, name: PodName): CachedAttachment {
  const cached = listAttachments(paths).find(
    ({ attachment }) => attachment.namespace === name.namespace && attachment.pod === name.pod,
  );
  if (cached === undefined) throw new HostError('SIM_POD_MISSING', { node: paths.node, pod: describe(name) });
  return cached;
}

function viewOf(paths: NodePaths, { attachment, result }: CachedAttachment): PodView {
  const ips = asObject(result)?.['ips'];
  const { namespace, pod, containerId, netns } = attachment;
  return {
    node: paths.node,
    running: sandboxExists(paths, netns),
    namespace,
    pod,
    containerId,
    netns,
    addresses: (Array.isArray(ips) ? ips : []).map((ip: unknown) =>
      String(asObject(ip)?.['address']).replace(/\/\d+$/, ''),
    ),
  };
}

const describe = ({ namespace, pod }: PodName): string => `${namespace}/${pod}`;

/** 64 hexadecimal digits, as container runtimes name containers. */
const freshContainerId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
