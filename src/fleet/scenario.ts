import type { Settings } from '../config/index.ts';
import type { InstanceLimits } from '../vpc/index.ts';
import type { SubnetSpec } from './subnet-space.ts';

/** How many pods with an address of their own there are: in the whole fleet, or on each node. */
export interface PodLoad {
  readonly count: number;
  readonly of: 'fleet' | 'node';
}

/** From a time on there are so many pods. */
export interface Stage {
  readonly atMs: number;
  readonly pods: PodLoad;
}

/** What the primary ENI of a node has from its launch on. */
export interface LaunchSpec {
  readonly addresses: number;
  readonly prefixes: number;
}

/** What is so in AWS, and nobody can be sure of. */
export interface WorldSpec {
  /** Nodes are launched evenly over this time. */
  readonly overMs: number;
  /** How long EC2 takes to answer a request, and to attach or detach an ENI; each time between half and one and a half of it. */
  readonly callMs: number;
  readonly attachMs: number;
  /** How long the metadata service of a new instance says nothing. */
  readonly imdsLagMs: number;
  /** Size and rate of EC2's token buckets, times this: below 1 where others use the account, above for raised limits. */
  readonly rate: number;
}

/** A fleet: what there is, how it is set up, and what happens to it. */
export interface FleetScenario {
  readonly name: string;
  readonly nodes: number;
  readonly limits: InstanceLimits;
  readonly settings: Settings;
  readonly stages: readonly Stage[];
  /** Subnets of nodes, in turn; with none there is room without end. */
  readonly subnets: readonly SubnetSpec[];
  /** Subnets of pods with custom networking, in the same turn. */
  readonly podSubnets: readonly SubnetSpec[];
  readonly launch: LaunchSpec;
  readonly world: WorldSpec;
  readonly seed: number;
  /** When the simulation ends at the latest. */
  readonly horizonMs: number;
}

/** How things are unless told otherwise: our assumptions, not Amazon's promises. */
export const USUAL_WORLD: WorldSpec = { overMs: 0, callMs: 200, attachMs: 2_000, imdsLagMs: 0, rate: 1 };

/** Pods of one node: those of a fleet are spread evenly, the first nodes have one more. */
export function podsOn(load: PodLoad, node: number, nodes: number): number {
  if (load.of === 'node') return load.count;
  return Math.floor(load.count / nodes) + (node < load.count % nodes ? 1 : 0);
}
