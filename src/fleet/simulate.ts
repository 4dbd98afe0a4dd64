import { podRoomRequest, poolLimits, poolTargets } from '../pool/index.ts';
import { branchEnisOf, HOST_NETWORK_PODS, podRoom } from '../vpc/index.ts';
import { Account, type Sky } from './account.ts';
import { chanceOf } from './chance.ts';
import { Cloud } from './cloud.ts';
import { FleetNode, type NodeKind } from './node.ts';
import { type FleetScenario, podsOn } from './scenario.ts';
import { Tally } from './tally.ts';
import { VirtualTime } from './virtual-time.ts';

/** After so long of nothing but refusals the fleet is as it will be. */
const QUIET_MS = 900_000;
/** Machines that were launched together do not boot in the same millisecond. */
const BOOT_SPREAD_MS = 1_000;

/** A fleet after its run. */
export interface Ran {
  readonly tally: Tally;
  readonly nodes: readonly FleetNode[];
  readonly cloud: Cloud;
  readonly time: VirtualTime;
  /** Nodes EC2 could not launch, for want of addresses. */
  readonly unlaunched: number;
}

/** What every node of a scenario is like. */
export function nodeKind({ settings, limits }: FleetScenario): NodeKind {
  const room = podRoom(podRoomRequest(settings, limits));
  return {
    settings,
    limits: poolLimits(settings, limits),
    targets: poolTargets(settings, limits),
    mostPods: room.maxPods - HOST_NETWORK_PODS,
    trunk: settings.ENABLE_POD_ENI && branchEnisOf(limits.instanceType) > 0,
  };
}

/** Lets a fleet boot and run its pods, in virtual time, until all is quiet or its time is over. */
export async function runFleet(scenario: FleetScenario, tell: (seconds: number, tally: Tally) => void): Promise<Ran> {
  const { nodes: count, stages, world } = scenario;
  const time = new VirtualTime();
  const tally = new Tally();
  const sky: Sky = { time, chance: chanceOf(scenario.seed), world, tally };
  const cloud = new Cloud(sky, scenario);
  const account = new Account(sky);
  const kind = nodeKind(scenario);
  const nodes = new Map<number, FleetNode>();
  let unlaunched = 0;
  for (let index = 0; index < count; index++)
    time.after((world.overMs * index) / count + sky.chance() * BOOT_SPREAD_MS, () => {
      if (!launch(index)) unlaunched += 1;
    });
  let lastMs = 0;
  for (const { atMs, pods } of stages) {
    lastMs = Math.max(lastMs, atMs);
    if (atMs > 0)
      time.after(atMs, () => {
        for (const [index, node] of nodes) node.want(podsOn(pods, index, count));
      });
  }
  await time.pass((nextMs) => {
    if (nextMs > scenario.horizonMs || nextMs > Math.max(tally.changedAtMs, lastMs, world.overMs) + QUIET_MS)
      return false;
    tally.sampleUpTo(nextMs - 1);
    tell(nextMs / 1_000, tally);
    return true;
  });
  tally.sampleEnd(time.monotonic());
  return { tally, nodes: [...nodes.values()], cloud, time, unlaunched };

  function launch(index: number): boolean {
    const subnets = cloud.subnets;
    const own = subnets[index % subnets.length];
    if (own === undefined) return false;
    const { addresses, prefixes } = scenario.launch;
    const held = [
      ...(addresses > 0 ? [{ unit: 'address' as const, count: addresses }] : []),
      ...(prefixes > 0 ? [{ unit: 'prefix' as const, count: prefixes }] : []),
    ];
    try {
      const primary = cloud.createEni(own, held);
      if (kind.trunk) cloud.createEni(own, []).state = 'attached';
      const subnet = cloud.podSubnets[index % Math.max(1, cloud.podSubnets.length)] ?? own;
      const node = new FleetNode(sky, { account, cloud, subnet }, { kind, name: `node-${index}` });
      nodes.set(index, node);
      const stage = stages.findLast(({ atMs }) => atMs <= time.monotonic());
      if (stage !== undefined) node.want(podsOn(stage.pods, index, count));
      void node.start(primary);
      return true;
    } catch {
      return false;
    }
  }
}
