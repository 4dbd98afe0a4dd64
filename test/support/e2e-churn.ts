import { addPod, deletePod, type PodView } from '../../src/sim/index.ts';
import { systemClock, systemExec } from '../../src/sys/index.ts';
import { type E2eNode, until } from './e2e.ts';

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A node that takes part, and how many of its pods may live at a time. */
export interface ChurnNode {
  readonly node: E2eNode;
  readonly atMost: number;
}

/** What happened while pods came and went. */
export interface ChurnReport {
  readonly added: number;
  readonly deleted: number;
  /** What a runtime was told and tried again. */
  readonly retries: readonly string[];
  /** Addresses that two pods held at once. */
  readonly duplicates: readonly string[];
}

/** As many sandboxes as a busy kubelet starts at a time. */
const AT_ONCE = 8;
/** Kubelet tries for ever; a pod that takes so long is one nobody gets. */
const PATIENCE_MS = 120_000;

const runtimeOf = (node: E2eNode) => ({ exec: systemExec, clock: systemClock, paths: node.paths });

/** Tries what a kubelet would try again until it succeeds; tells every failure. */
async function persistently<T>(what: string, failed: (why: string) => void, attempt: () => Promise<T>): Promise<T> {
  let last = '';
  return until(
    what,
    () =>
      attempt().catch((error: unknown) => {
        last = error instanceof Error ? error.message : String(error);
        failed(`${what}: ${last}`);
        return undefined;
      }),
    { withinMs: PATIENCE_MS, last: () => last },
  );
}

/** Adds a pod the way the runtime of its node does. */
export function runPod(node: E2eNode, pod: string, failed: (why: string) => void): Promise<PodView> {
  return persistently(`ADD ${node.name}/${pod}`, failed, () => addPod(runtimeOf(node), { namespace: 'churn', pod }));
}

/** Deletes it. */
export async function endPod(node: E2eNode, pod: string, failed: (why: string) => void): Promise<void> {
  await persistently(`DEL ${node.name}/${pod}`, failed, () => deletePod(runtimeOf(node), { namespace: 'churn', pod }));
}

/**
 * Adds `pods` pods in all and deletes each again, in random order over the nodes, several at a time. `before` is called
 * with the number of every operation.
 */
export async function churn(options: {
  readonly nodes: readonly ChurnNode[];
  readonly pods: number;
  readonly random: () => number;
  readonly before: (operation: number) => Promise<void>;
}): Promise<ChurnReport> {
  const { nodes, pods, random, before } = options;
  const retries: string[] = [];
  const duplicates: string[] = [];
  const held = new Map<string, string>();
  const living: { readonly node: E2eNode; readonly pod: string; readonly address: string }[] = [];
  const population = new Map(nodes.map(({ node }) => [node, 0]));
  const failed = (why: string): void => void retries.push(why);
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const count = (node: E2eNode, by: number): void => void population.set(node, (population.get(node) ?? 0) + by);
  let [operations, added, deleted] = [0, 0, 0];

  const add = async (node: E2eNode, pod: string): Promise<void> => {
    const [address = 'none'] = (await runPod(node, pod, failed)).addresses;
    const holder = held.get(address);
    if (holder !== undefined) duplicates.push(`${address} of ${holder} was given to ${node.name}/${pod}`);
    held.set(address, `${node.name}/${pod}`);
    living.push({ node, pod, address });
  };
  const remove = async (at: number): Promise<void> => {
    const [gone] = living.splice(at, 1);
    if (gone === undefined) return;
    await endPod(gone.node, gone.pod, failed);
    held.delete(gone.address);
    deleted += 1;
    count(gone.node, -1);
  };
  const next = async (): Promise<boolean> => {
    const room = nodes.filter(({ node, atMost }) => (population.get(node) ?? 0) < atMost);
    const place = added < pods ? pick(room)?.node : undefined;
    // A population that grows at first, so that new ENIs are needed, and then hovers.
    if (place !== undefined && (living.length === 0 || random() < 0.6)) {
      added += 1;
      count(place, 1);
      const pod = `pod-${added}`;
      await before(operations++);
      await add(place, pod);
      return true;
    }
    if (living.length === 0) return deleted < pods;
    const at = Math.floor(random() * living.length);
    const removing = remove(at);
    await Promise.all([before(operations++), removing]);
    return true;
  };
  const worker = async (): Promise<void> => {
    while (await next()) await Bun.sleep(0);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { added, deleted, retries, duplicates };
}

/** A ping that goes on until it is asked what it lost. */
export interface Ping {
  /** Ends it; the sequence numbers that were not answered before the last that was, and how many were. */
  readonly end: () => Promise<{ readonly answered: number; readonly lost: readonly number[] }>;
}

/** Starts to ping an address from a namespace of the node, ten times a second unless told. */
export function startPing(argv: readonly [string, ...string[]], address: string, seconds = 0.1): Ping {
  const child = Bun.spawn([...argv, 'ping', '-n', '-i', `${seconds}`, address], { stdout: 'pipe', stderr: 'ignore' });
  const output = new Response(child.stdout).text();
  return {
    end: async () => {
      child.kill('SIGINT');
      const seen = new Set([...(await output).matchAll(/icmp_seq=(\d+) ttl=/g)].map((match) => Number(match[1])));
      const lost = Array.from({ length: Math.max(0, ...seen) }, (_, index) => index + 1).filter((n) => !seen.has(n));
      return { answered: seen.size, lost };
    },
  };
}
