import { kindOfCidr, poolFigures } from '../pool/index.ts';
import { type FleetScenario, USUAL_WORLD } from './scenario.ts';
import { nodeKind, runFleet } from './simulate.ts';

/** An ENI of a node at rest, by what its subnet gave for it: its own address, and what it holds. */
export interface RestingEni {
  readonly primary: boolean;
  readonly trunk: boolean;
  readonly addresses: number;
  readonly prefixes: number;
}

/** A node whose targets are met and where nothing changes any more. */
export interface RestingNode {
  readonly pods: number;
  readonly enis: readonly RestingEni[];
  /** Addresses nobody uses. */
  readonly warm: number;
}

/**
 * What a node holds once so many pods run on it. The daemon's own decisions find it: one node with room without end and an
 * EC2 that refuses nothing, until it is quiet.
 */
export async function restingNode(scenario: FleetScenario, pods: number): Promise<RestingNode> {
  const alone: FleetScenario = {
    ...scenario,
    nodes: 1,
    subnets: [],
    podSubnets: [],
    stages: [{ atMs: 0, pods: { count: pods, of: 'node' } }],
    world: { ...USUAL_WORLD, rate: Number.POSITIVE_INFINITY },
  };
  const kind = nodeKind(alone);
  const { nodes, tally } = await runFleet(alone, () => undefined);
  const [node] = nodes;
  if (node === undefined) return { pods: 0, enis: [], warm: 0 };
  const enis = [...node.pool.enis.values()].map(({ primary, cidrs }): RestingEni => {
    const kinds = [...cidrs.keys()].map(kindOfCidr);
    const prefixes = kinds.filter((each) => each !== 'address').length;
    return { primary, trunk: false, addresses: kinds.length - prefixes, prefixes };
  });
  const { free } = poolFigures(node.pool, kind.limits, kind.targets.mode);
  const trunk = kind.trunk ? [{ primary: false, trunk: true, addresses: 0, prefixes: 0 }] : [];
  return { pods: tally.pods, enis: [...enis, ...trunk], warm: kind.targets.mode === 'ipv6' ? 0 : free };
}
