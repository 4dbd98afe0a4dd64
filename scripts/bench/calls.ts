import { rmSync } from 'node:fs';
import { parseIpv4 } from '../../src/addr/index.ts';
import { MAIN_TABLE, rulesOfAddress } from '../../src/dataplane/index.ts';
import { listOwnRules, RouteSocket } from '../../src/kernel/index.ts';
import { startYes } from '../plugin-order.ts';
import { cpuOf, secondsOfAdds } from './daemon.ts';
import { wireAtOnce } from './floor.ts';
import { callDaemon, callOnce, callTogether, OURS, type Peer, type Pod, STOCK } from './peers.ts';
import { inTurn, makePod, makePods, turnOver } from './pods.ts';
import type { Measured } from './rows.ts';
import { linkCount, removeSandboxes, settle, steadyLinks } from './sandbox.ts';

const PAUSE_MS = 5;
const BUDGET = { processMs: 7 } as const;

export type Samples = ReadonlyMap<Peer, number[]>;
const noSamples = (peers: readonly Peer[]): Samples => new Map(peers.map((peer) => [peer, []]));
const note = (samples: Samples, peer: Peer, value: number): void => void samples.get(peer)?.push(value);

/** A row for the stock plugins, and one more for each other peer. */
export function compare(name: string, samples: Samples): readonly Measured[] {
  const ours = samples.get(OURS) ?? [];
  return [...samples].flatMap(([peer, theirs]): readonly Measured[] => {
    if (peer === OURS) return [];
    const against = peer.name === STOCK ? 'ptp+host-local' : (`plugin ${peer.name}` as const);
    return [{ name: peer.name === STOCK ? name : `${name}/${peer.name}`, ours, peer: theirs, unit: 'ms', against }];
  });
}

/** Links of the host that one pod of each peer has. What a plugin makes once and keeps, such as a bridge, is there then. */
export async function linksPerPod(peers: readonly Peer[]): Promise<ReadonlyMap<Peer, number>> {
  const links = new Map<Peer, number>();
  for (const peer of peers)
    for (const counts of [false, true]) {
      const before = await steadyLinks();
      const { pod } = callOnce(peer, 'ADD', makePod(peer));
      if (counts) links.set(peer, linkCount() - before);
      callOnce(peer, 'DEL', pod);
      removeSandboxes([pod.netns]);
      await steadyLinks();
    }
  return links;
}

/** Processor time the daemon takes for a pod that comes and goes, with what it does afterwards; no other pod comes meanwhile. */
async function daemonCpu(pid: number, count: number): Promise<number> {
  const before = cpuOf(pid);
  await turnOver(count, 1, PAUSE_MS);
  return (cpuOf(pid) - before) / count;
}

/** One after the other: first all ADDs, then all DELs, each with its namespace gone before the next begins. */
export async function measureSerial(
  perPod: ReadonlyMap<Peer, number>,
  { count, pid }: { readonly count: number; readonly pid: number },
): Promise<readonly Measured[]> {
  const peers = [...perPod.keys()];
  const links = linkCount();
  const [add, addCpu, del, gone] = [noSamples(peers), noSamples(peers), noSamples(peers), noSamples(peers)];
  const podCpu = noSamples(peers);
  const pods = Array.from({ length: count }, () => new Map(peers.map((peer) => [peer, makePod(peer)])));
  for (const [round, each] of pods.entries())
    for (const peer of inTurn(peers, round)) {
      const before = cpuOf(pid);
      const { ms, cpuMs, pod } = callOnce(peer, 'ADD', each.get(peer) ?? makePod(peer));
      note(add, peer, ms);
      note(addCpu, peer, cpuMs + (peer === OURS ? cpuOf(pid) - before : 0));
      note(podCpu, peer, cpuMs);
      each.set(peer, pod);
      await Bun.sleep(PAUSE_MS);
    }
  let left = count * [...perPod.values()].reduce((sum, each) => sum + each, 0);
  for (const [round, each] of pods.entries())
    for (const peer of inTurn(peers, round)) {
      const started = performance.now();
      const { ms, cpuMs, pod } = callOnce(peer, 'DEL', each.get(peer) ?? makePod(peer));
      note(del, peer, ms);
      removeSandboxes([pod.netns]);
      left -= perPod.get(peer) ?? 0;
      await settle(links + left);
      note(gone, peer, performance.now() - started);
      const cpus = podCpu.get(peer) ?? [];
      cpus[round] = (cpus[round] ?? 0) + cpuMs;
      await Bun.sleep(PAUSE_MS);
    }
  const share = await daemonCpu(pid, count);
  const whole = new Map([...podCpu].map(([peer, cpus]) => [peer, peer === OURS ? cpus.map((ms) => ms + share) : cpus]));
  return [
    ...compare('add-serial', add),
    ...compare('add-serial-cpu', addCpu),
    ...compare('del-serial', del),
    ...compare('del-until-gone', gone),
    ...compare('cpu-per-pod', whole),
  ];
}

/** All at once, as a node does that is drained or fills up. */
export async function measureTogether(
  peers: readonly Peer[],
  plan: { readonly rounds: number; readonly together: number },
): Promise<readonly Measured[]> {
  const links = linkCount();
  const [add, del] = [noSamples(peers), noSamples(peers)];
  for (let round = 0; round < plan.rounds; round += 1)
    for (const peer of inTurn(peers, round)) {
      const added = await callTogether(peer, 'ADD', makePods(peer, plan.together));
      note(add, peer, added.ms);
      await Bun.sleep(50);
      const deleted = await callTogether(peer, 'DEL', added.pods);
      note(del, peer, deleted.ms);
      removeSandboxes(deleted.pods.map(({ netns }) => netns));
      await settle(links);
    }
  return [...compare(`add-${plan.together}`, add), ...compare(`del-${plan.together}`, del)];
}

/** Our plugin's process alone: its daemon answers at once. */
export async function measureProcess(count: number, folder: string): Promise<Measured> {
  const daemon = startYes(`${folder}/cni.sock`, { cniVersion: '1.0.0', ips: [{ address: '10.0.0.9/32' }] });
  const plugin = { ...OURS, env: { VPC_CNI_RUNTIME_DIR: folder } };
  const ours: number[] = [];
  try {
    for (let done = 0; done < count; done += 1) {
      ours.push(callOnce(plugin, 'ADD', { id: `alone-${done}`, netns: '/run/netns/nobody' }).ms);
      await Bun.sleep(PAUSE_MS);
    }
  } finally {
    daemon.kill();
    rmSync(`${folder}/cni.sock`, { force: true });
  }
  return { name: 'plugin-process', ours, peer: [BUDGET.processMs], unit: 'ms', against: 'budget' };
}

/** The table of the ENI that a pod's address is of. */
function tableOf({ result }: Pod): number {
  const { ips = [] }: { readonly ips?: readonly { readonly address: string }[] } = Object(result);
  const address = parseIpv4(ips[0]?.address.split('/')[0] ?? '');
  using socket = new RouteSocket();
  return rulesOfAddress(address, listOwnRules(socket)).find(({ from }) => from !== undefined)?.table ?? MAIN_TABLE;
}

/** An ADD inside of the daemon, as its own metric has it, against the netlink messages of such an ADD and nothing else. */
export async function measureFloor(count: number): Promise<Measured> {
  const links = linkCount();
  const [ours, peer]: [number[], number[]] = [[], []];
  for (let done = 0; done < count; done += 1) {
    const [one, other] = [makePod(OURS), makePod(OURS)];
    const before = await secondsOfAdds();
    const pod = await callDaemon('ADD', one);
    ours.push(((await secondsOfAdds()) - before) * 1000);
    await Bun.sleep(PAUSE_MS);
    peer.push(wireAtOnce(other.netns, tableOf(pod)));
    await callDaemon('DEL', pod);
    removeSandboxes([one.netns, other.netns]);
    await settle(links);
  }
  return { name: 'add-floor', ours, peer, unit: 'ms', against: 'the same netlink messages' };
}
