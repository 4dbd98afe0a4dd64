import { type Cli, nodeStatus } from './cli.ts';
import { DemoFailure } from './failure.ts';
import type { DemoOptions } from './options.ts';
import type { Pinger } from './ping.ts';
import { NODES, type NodeName } from './plan.ts';
import type { Snapshot } from './snapshot.ts';
import type { Story } from './story.ts';

/** A pod that runs, and the ENI whose address it has. */
export interface DemoPod {
  readonly node: NodeName;
  readonly pod: string;
  readonly address: string;
  /** 0 is the node's primary interface, eth0. */
  readonly device: number;
}

/** What was there before, to compare with at the end. */
export interface Before {
  readonly nodes: Readonly<Record<NodeName, Snapshot>>;
  readonly enis: Snapshot;
}

/** What the steps share. */
export interface Stage {
  readonly cli: Cli;
  readonly story: Story;
  readonly options: DemoOptions;
  readonly signal: AbortSignal;
  readonly pinger: Pinger;
  readonly nodeAddresses: ReadonlyMap<NodeName, string>;
  readonly before: Before;
  /** The kernel's names of the nodes' namespaces. */
  readonly namespaces: readonly string[];
}

const POLL_MS = 100;

/** Looks again until there is an answer; past the deadline it is a failure that says what was seen last. */
export async function until<T>(
  signal: AbortSignal,
  wait: { readonly deadlineMs: number; readonly what: string },
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + wait.deadlineMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline)
      throw new DemoFailure(`${wait.what} did not happen within ${wait.deadlineMs / 1000} s`);
    signal.throwIfAborted();
    await Bun.sleep(POLL_MS);
  }
}

/** Does the same on both nodes at once. */
export async function onBoth<T>(work: (node: NodeName) => Promise<T>): Promise<Readonly<Record<NodeName, T>>> {
  const [a, b] = await Promise.all([work(NODES[0]), work(NODES[1])]);
  return { 'node-a': a, 'node-b': b };
}

/** The status of an ipamd that answers. */
export async function daemonOf(cli: Cli, node: NodeName) {
  const { daemon, problem } = await nodeStatus(cli, node);
  if (daemon === null)
    throw new DemoFailure(`ipamd on ${node} does not answer: ${problem?.message ?? 'no reason given'}`);
  return daemon;
}
