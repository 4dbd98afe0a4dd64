import { INTERNET_ADDRESS } from '../../src/sim/fabric/index.ts';
import { simStatus } from './cli.ts';
import { DemoFailure, need } from './failure.ts';
import { type PodOutcome, parsePods } from './parse.ts';
import type { Origin } from './ping.ts';
import { NODES, SETTINGS } from './plan.ts';
import { type DemoPod, daemonOf, onBoth, type Stage, until } from './stage.ts';
import { duration, table } from './story.ts';

const SECOND_ENI = { deadlineMs: 20_000, what: `a second ENI on ${NODES[0]}` };

/** Starts the pods on both nodes and finds out which ENI each address is on. */
export async function addPods(stage: Stage): Promise<readonly DemoPod[]> {
  const { cli, story, options } = stage;
  const reports = await onBoth(async (node) => {
    const wanted = options.plan.pods[node];
    const { stdout } = await cli.sim(['pod', 'add'], ['--json', node, ...wanted], { accept: [0, 1] });
    return parsePods(stdout).pods.map(succeeded);
  });
  // With few pods it is the warm target that asks for the second ENI, and nobody had to wait for it yet.
  const nodes = await until(stage.signal, SECOND_ENI, async () => {
    const status = await simStatus(cli);
    const first = status.nodes.find(({ name }) => name === NODES[0]);
    return first?.enis.some(({ deviceIndex, state }) => deviceIndex === 1 && state === 'attached')
      ? status.nodes
      : undefined;
  });
  const deviceOf = (address: string): number =>
    nodes.flatMap(({ enis }) => enis).find(({ addresses }) => addresses.includes(address))?.deviceIndex ?? -1;
  const rows: string[][] = [['NODE', 'POD', 'ADDRESS', 'INTERFACE', 'CNI ADD']];
  const pods = NODES.flatMap((node) =>
    reports[node].map(({ pod, address = '', ms = 0 }) => {
      const device = deviceOf(address);
      need(device >= 0, `${pod} has the address ${address}, which EC2 says is on no interface of the nodes`);
      rows.push([node, pod, address, `eth${device}`, duration(ms)]);
      return { node, pod, address, device };
    }),
  );
  need(new Set(pods.map(({ address }) => address)).size === pods.length, 'two pods have the same address');
  for (const line of table(rows)) story.say(line);
  const counts = nodes.map(({ name, enis }) => `${name} has ${enis.length}`).join(', ');
  story.say(`network interfaces now: ${counts}; where a pod waited, it waited for EC2 to attach one (here 1.5 s)`);
  return pods;
}

function succeeded(outcome: PodOutcome): PodOutcome {
  if (outcome.ok) return outcome;
  throw new DemoFailure(`${outcome.pod} was not wired: ${outcome.error?.code}: ${outcome.error?.message}`);
}

/** The pods the pings run between; `far` is on the newest ENI, so that more than eth0 is tried. */
export interface Cast {
  readonly near: DemoPod;
  readonly far: DemoPod;
  readonly other: DemoPod;
}

/** Chooses them. */
export function castOf(pods: readonly DemoPod[]): Cast {
  const here = pods.filter(({ node }) => node === NODES[0]).toSorted((a, b) => a.device - b.device);
  const [near, far, other] = [here.at(0), here.at(-1), pods.find(({ node }) => node === NODES[1])];
  need(near !== undefined && far !== undefined && other !== undefined, 'there are too few pods to ping between');
  return { near, far, other };
}

/** One burst of pings, told. */
async function tell(stage: Stage, origin: Origin, target: { readonly name: string; readonly address: string }) {
  const { sent, received, rttMs } = await stage.pinger.burst(origin, target.address);
  const from = origin.pod ?? origin.node;
  const rtt = rttMs === undefined ? '' : `, ${rttMs} ms`;
  stage.story.say(`${from} → ${target.name} (${target.address}): ${received} of ${sent} arrived${rtt}`);
}

const named = (pod: DemoPod) => ({ name: `${pod.pod} on ${pod.node}, eth${pod.device}`, address: pod.address });

/** Pods of one node: the packets never leave it. */
export async function pingSameNode(stage: Stage, { near, far }: Cast): Promise<void> {
  await tell(stage, near, named(far));
  await tell(stage, far, named(near));
}

/** Pods of two nodes: out of the ENI that holds the address, through the VPC's router, with no address changed. */
export async function pingAcrossNodes(stage: Stage, { near, far, other }: Cast): Promise<void> {
  await tell(stage, near, named(other));
  await tell(stage, far, named(other));
  await tell(stage, other, named(far));
  stage.story.say("the VPC's router drops what comes out of the wrong interface; so each pod's packets took their own");
}

/** Pods to the internet, and what the internet sees of them. */
export async function pingInternet(stage: Stage, { near, far, other }: Cast): Promise<void> {
  const internet = { name: 'the internet', address: INTERNET_ADDRESS };
  for (const pod of [near, far, other]) {
    await tell(stage, pod, internet);
    const ask = `process.stdout.write(await (await fetch('http://${INTERNET_ADDRESS}/')).text())`;
    // Bun is on every machine that runs the demo; curl is not.
    const { stdout } = await stage.cli.inPod(pod.node, pod.pod, [process.execPath, '-e', ask]);
    const seen = stdout.trim();
    const node = stage.nodeAddresses.get(pod.node);
    need(seen === node, `the internet sees ${pod.pod} as ${seen}, and should see ${pod.node}'s address ${node}`);
    stage.story.say(`  a web server there sees ${seen}: the address of ${pod.node}, not the pod's ${pod.address}`);
  }
}

/** The nodes themselves to pods, as the kubelet's probes do, on the same node and on the other. */
export async function pingFromNode(stage: Stage, { near, far, other }: Cast): Promise<void> {
  for (const pod of [near, far, other]) await tell(stage, { node: pod.node }, named(pod));
  await tell(stage, { node: other.node }, named(far));
}

/** Deletes every pod. */
export async function deletePods({ cli, story, options }: Stage): Promise<void> {
  const reports = await onBoth(async (node) => {
    const { stdout } = await cli.sim(['pod', 'del'], ['--json', node, ...options.plan.pods[node]], { accept: [0, 1] });
    return parsePods(stdout).pods.map(succeeded);
  });
  for (const node of NODES) {
    const slowest = Math.max(...reports[node].map(({ ms = 0 }) => ms));
    const { cooldown } = (await daemonOf(cli, node)).pool;
    story.say(
      `${node}: ${reports[node].length} pods gone, the slowest DEL took ${duration(slowest)}; ${cooldown} addresses rest`,
    );
  }
  story.say('a freed address rests before another pod may have it, so that late packets find nobody');
}

/** Waits until both pools hold what their settings ask for and nothing rests any more. */
export async function awaitTarget(stage: Stage): Promise<void> {
  const { cli, story, signal } = stage;
  const target = Math.max(SETTINGS.MINIMUM_IP_TARGET, SETTINGS.WARM_IP_TARGET);
  const started = performance.now();
  const said = new Map<string, string>();
  const wait = {
    deadlineMs: SETTINGS.IP_COOLDOWN_PERIOD * 1000 + 30_000,
    what: `the pool's return to ${target} free addresses`,
  };
  const left = await until(signal, wait, async () => {
    const daemons = await onBoth((node) => daemonOf(cli, node));
    for (const node of NODES) {
      const { total, free, cooldown } = daemons[node].pool;
      const line = `${node}: ${total} addresses, ${free} free, ${cooldown} at rest`;
      if (said.get(node) !== line) story.say(`after ${duration(performance.now() - started).padStart(6)}  ${line}`);
      said.set(node, line);
    }
    const there = NODES.every((node) => {
      const { total, free, assigned, pending } = daemons[node].pool;
      return total === target && free === target && assigned === 0 && pending === 0;
    });
    return there ? daemons : undefined;
  });
  story.say(`everything above ${target} went back to EC2, by the settings of the demo`);
  if (NODES.some((node) => left[node].enis.length > 1))
    story.say('an empty ENI is kept for a minute: what was just wanted is likely to be wanted again');
}
