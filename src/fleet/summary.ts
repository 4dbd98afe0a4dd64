import { type Ec2Action, RATES } from '../aws/index.ts';
import { poolFigures } from '../pool/index.ts';
import type { FleetScenario } from './scenario.ts';
import { nodeKind, type Ran } from './simulate.ts';
import type { SubnetView } from './subnet-space.ts';
import type { Sample } from './tally.ts';

/** Times of many, in seconds; `null` where nobody got so far. */
export interface Spread {
  readonly count: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly last: number | null;
}

/** What became of the requests of one action. */
export interface ActionCalls {
  readonly action: Ec2Action;
  readonly granted: number;
  readonly throttled: number;
  /** For want of room in a subnet, or because an ENI was still in use. */
  readonly refused: number;
  /** Sooner EC2 could not have granted so many: its bucket, then its rate. */
  readonly floorSeconds: number;
}

/** A simulated fleet, as it is told to people and programs. */
export interface FleetRun {
  readonly name: string;
  readonly instanceType: string;
  readonly nodes: number;
  /** Pods that were wanted in the course of the run: fewest and most. */
  readonly pods: { readonly least: number; readonly most: number };
  readonly mode: string;
  readonly seed: number;
  /** From the launch of each node until an address could be handed out. */
  readonly ready: Spread;
  /** From the launch until all pods of the node had an address and its targets were met. */
  readonly targets: Spread;
  /** How long pods waited for their address, and how many longer than ADD_WAIT_SECONDS: the runtime tried again. */
  readonly adds: Spread & { readonly late: number };
  readonly calls: readonly ActionCalls[];
  /** The highest of these floors. */
  readonly floor: { readonly action: Ec2Action; readonly seconds: number } | null;
  /** Addresses taken from the subnets, those of prefixes included. */
  readonly addresses: { readonly most: number; readonly end: number; readonly pods: number; readonly warm: number };
  readonly enis: number;
  readonly prefixes: number;
  readonly subnets: readonly SubnetView[];
  /** What was left undone. */
  readonly short: {
    readonly unlaunched: number;
    readonly unready: number;
    readonly waitingPods: number;
    /** Ended without ever having had an address. */
    readonly unservedPods: number;
    readonly unplacedPods: number;
  };
  readonly virtualSeconds: number;
  readonly samples: readonly Sample[];
}

const tenths = (ms: number): number => Math.round(ms / 100) / 10;

/** The times below which so many of all are: the nearest rank. */
export function spreadOf(timesMs: readonly number[], of = timesMs.length): Spread {
  const sorted = [...timesMs].sort((a, b) => a - b);
  const at = (share: number): number | null => {
    const ms = sorted[Math.max(0, Math.ceil(share * of) - 1)];
    return ms === undefined ? null : tenths(ms);
  };
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), last: of > sorted.length ? null : at(1) };
}

/** How long EC2's bucket makes so many requests take at least. */
export function floorSeconds(action: Ec2Action, granted: number, rate: number): number {
  const { size, perSecond } = RATES[action];
  return Math.round(Math.max(0, (granted - size * rate) / (perSecond * rate)) * 10) / 10;
}

/** What came out of a run. */
export function summarize(scenario: FleetScenario, ran: Ran): FleetRun {
  const { tally, nodes, cloud, time } = ran;
  const { world, settings } = scenario;
  const kind = nodeKind(scenario);
  const calls = [...tally.calls]
    .map(([action, count]) => ({ action, ...count, floorSeconds: floorSeconds(action, count.granted, world.rate) }))
    .sort((a, b) => (a.action < b.action ? -1 : 1));
  const slowest = calls.toSorted((a, b) => b.floorSeconds - a.floorSeconds)[0];
  let [warm, prefixes] = [0, 0];
  for (const { pool } of nodes) {
    const figures = poolFigures(pool, kind.limits, kind.targets.mode);
    // A /80 has no end, and none of it is missed by anybody.
    warm += kind.targets.mode === 'ipv6' ? 0 : figures.free + figures.cooldown;
    for (const eni of pool.enis.values())
      for (const cidr of eni.cidrs.values()) if (cidr.kind !== 'address') prefixes += 1;
  }
  const wanted = scenario.stages.map(({ pods }) => (pods.of === 'node' ? pods.count * scenario.nodes : pods.count));
  const short = nodes.map((node) => node.short);
  return {
    name: scenario.name,
    instanceType: scenario.limits.instanceType,
    nodes: scenario.nodes,
    pods: { least: Math.min(...wanted), most: Math.max(...wanted) },
    mode: kind.targets.mode,
    seed: scenario.seed,
    ready: spreadOf(tally.readyMs, scenario.nodes),
    targets: spreadOf(tally.targetMs, scenario.nodes),
    adds: {
      ...spreadOf(tally.addMs, tally.addMs.length + tally.waiting + tally.unserved),
      late: tally.addMs.filter((ms) => ms > settings.ADD_WAIT_SECONDS * 1_000).length,
    },
    calls,
    floor:
      slowest === undefined || slowest.floorSeconds === 0
        ? null
        : { action: slowest.action, seconds: slowest.floorSeconds },
    addresses: { most: tally.mostTaken, end: tally.taken, pods: tally.pods, warm },
    enis: tally.enis,
    prefixes,
    subnets: scenario.subnets.length === 0 ? [] : cloud.views,
    short: {
      unlaunched: ran.unlaunched,
      unready: scenario.nodes - tally.readyMs.length,
      waitingPods: tally.waiting,
      unservedPods: tally.unserved,
      unplacedPods: short.reduce((sum, { unplaced }) => sum + unplaced, 0),
    },
    virtualSeconds: tenths(time.monotonic()),
    samples: tally.samples,
  };
}
