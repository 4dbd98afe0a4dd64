/**
 * Lets pods come and go on a simulated node, in its namespaces: so many live at a time, the oldest goes first, each one
 * talks to the internet. Its one argument is a TurnoverPlan; it prints a TurnoverReport.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { awaitStatus, cpuOf, memoryOf } from '../../scripts/bench/daemon.ts';
import { callTogether, OURS, type Peer, type Pod } from '../../scripts/bench/peers.ts';
import { makePods } from '../../scripts/bench/pods.ts';
import { linkCount, removeSandboxes, settle } from '../../scripts/bench/sandbox.ts';

export interface TurnoverPlan {
  readonly pods: number;
  readonly alive: number;
  readonly atOnce: number;
  /** Where each pod talks to. */
  readonly internet: string;
}

/** One step: so many pods deleted and as many added. */
export interface TurnoverStep {
  readonly addMs: number;
  readonly delMs: number;
  /** Processor time of the daemon. */
  readonly cpuMs: number;
  readonly residentMb: number;
  readonly anonymousMb: number;
  readonly descriptors: number;
}

export interface TurnoverReport {
  /** Steps of a node that is as full as it gets. */
  readonly steps: readonly TurnoverStep[];
  readonly added: number;
  /** Addresses that two pods had at once. */
  readonly duplicates: readonly string[];
  /** Pods that did not reach the internet. */
  readonly silent: readonly string[];
  /** Addresses that conntrack follows although nobody has them any more, and how many it follows of those alive. */
  readonly followed: { readonly gone: readonly string[]; readonly alive: number };
  /** Descriptors of the idle daemon before the first pod and after the last. */
  readonly descriptors: { readonly before: number; readonly after: number };
}

const INSTALLED: Peer = { ...OURS, executable: '/opt/cni/bin/aws-cni' };
/** How long a connection may be followed after the DEL: the runtime has a second to end the pod. */
const FORGOTTEN_WITHIN_MS = 5_000;
/** How long what the last calls used may take to be closed. */
const CLOSED_WITHIN_MS = 15_000;

/** The descriptors once no more than so many are left, or for good. */
async function settledDescriptors(pid: number, few: number): Promise<number> {
  const deadline = performance.now() + CLOSED_WITHIN_MS;
  while (descriptorsOf(pid) > few && performance.now() < deadline) await Bun.sleep(100);
  return descriptorsOf(pid);
}

/** A ping, and a connection that is refused: the kernel's conntrack follows both. */
const talkTo = (host: string): string =>
  `ping -nqc1 -W5 ${host} >/dev/null && { busybox nc -w2 ${host} 9 </dev/null >/dev/null 2>&1; true; }`;

/** The addresses of which conntrack follows connections. */
function followedAddresses(): ReadonlySet<string> {
  const lines = readFileSync('/proc/net/nf_conntrack', 'utf8');
  return new Set([...lines.matchAll(/(?:src|dst)=(\S+)/g)].flatMap(([, address]) => address ?? []));
}

/** What conntrack follows once nothing is left of those that are gone, or for good. */
async function settledFlows(
  gone: ReadonlySet<string>,
  alive: ReadonlySet<string>,
): Promise<TurnoverReport['followed']> {
  const deadline = performance.now() + FORGOTTEN_WITHIN_MS;
  for (;;) {
    const followed = followedAddresses();
    const left = [...gone.intersection(followed)];
    if (left.length === 0 || performance.now() > deadline)
      return { gone: left, alive: alive.intersection(followed).size };
    await Bun.sleep(100);
  }
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

function addressOf({ result }: Pod): string {
  const { ips }: { ips?: readonly { address: string }[] } = Object(result);
  return ips?.[0]?.address.replace('/32', '') ?? 'none';
}

async function talks({ netns }: Pod, host: string): Promise<boolean> {
  const child = Bun.spawn(['nsenter', `--net=${netns}`, '--', 'sh', '-c', talkTo(host)], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  return (await child.exited) === 0;
}

async function turnOver(plan: TurnoverPlan): Promise<TurnoverReport> {
  const links = linkCount();
  const { pid } = await awaitStatus('a full pool', ({ pool }) => pool.free > plan.alive && pool.pending === 0);
  const before = descriptorsOf(pid);
  const living: Pod[] = [];
  const held = new Map<string, string>();
  const given = new Set<string>();
  const [steps, duplicates, silent]: [TurnoverStep[], string[], string[]] = [[], [], []];
  let added = 0;

  const add = async (count: number): Promise<number> => {
    const { ms, pods } = await callTogether(INSTALLED, 'ADD', makePods(INSTALLED, count));
    for (const pod of pods) {
      const address = addressOf(pod);
      const holder = held.get(address);
      if (holder !== undefined) duplicates.push(`${address} of ${holder} was given to ${pod.id}`);
      held.set(address, pod.id);
      given.add(address);
    }
    const answers = await Promise.all(pods.map((pod) => talks(pod, plan.internet)));
    silent.push(...pods.filter((_, index) => answers[index] === false).map(({ id }) => id));
    living.push(...pods);
    added += pods.length;
    return ms;
  };
  const remove = async (count: number): Promise<number> => {
    const gone = living.splice(0, count);
    // Before the call: the daemon may give the address to the next pod as soon as it has answered.
    for (const pod of gone) held.delete(addressOf(pod));
    const { ms } = await callTogether(INSTALLED, 'DEL', gone);
    removeSandboxes(gone.map(({ netns }) => netns));
    return ms;
  };

  while (living.length < plan.alive) await add(Math.min(plan.atOnce, plan.alive - living.length));
  while (added < plan.pods) {
    const cpu = cpuOf(pid);
    const count = Math.min(plan.atOnce, plan.pods - added);
    const [delMs, addMs] = [await remove(count), await add(count)];
    const { resident: residentMb, anonymous: anonymousMb } = memoryOf(pid);
    steps.push({ addMs, delMs, cpuMs: cpuOf(pid) - cpu, residentMb, anonymousMb, descriptors: descriptorsOf(pid) });
  }
  const alive = new Set(held.keys());
  const followed = await settledFlows(given.difference(alive), alive);
  while (living.length > 0) await remove(plan.atOnce);
  await settle(links);
  await awaitStatus('a pool at rest', ({ pool }) => pool.assigned === 0 && pool.pending === 0);
  const last = await settledFlows(given, new Set());
  return {
    steps,
    added,
    duplicates,
    silent,
    followed: { gone: [...followed.gone, ...last.gone], alive: followed.alive },
    descriptors: { before, after: await settledDescriptors(pid, before) },
  };
}

if (import.meta.main) {
  const plan: TurnoverPlan = JSON.parse(process.argv[2] ?? '');
  process.stdout.write(`${JSON.stringify(await turnOver(plan))}\n`);
}
