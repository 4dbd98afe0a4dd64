import { limitsOf } from '../../src/vpc/index.ts';

/** Small on purpose: 3 ENIs with 4 addresses each, so that a handful of pods already needs a second ENI. */
export const INSTANCE_TYPE = 't3.small';

/** The simulator names its nodes so; the first one gets most pods. */
export const NODES = ['node-a', 'node-b'] as const;
export type NodeName = (typeof NODES)[number];

/** Settings of the demo: the defaults keep whole ENIs warm and let an address rest for 30 s, which is less to look at. */
export const SETTINGS = { WARM_IP_TARGET: 2, MINIMUM_IP_TARGET: 3, IP_COOLDOWN_PERIOD: 10 } as const;

/** Pods without `--pods`: six on the first node, where three fit on one ENI, and two on the second. */
export const DEFAULT_PODS = 8;

/** Two on the first node, to ping on the same node, and one on the second. */
const LEAST_PODS = 3;

/** Which pods run where, and what EC2 lets a node hold. */
export interface PodPlan {
  readonly pods: Readonly<Record<NodeName, readonly string[]>>;
  readonly maxEnis: number;
  /** Addresses of one ENI that pods can have; its first one belongs to the node. */
  readonly perEni: number;
}

const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `pod-${letter}${index + 1}`);

/** Spreads the pods, two thirds of them on the first node while they fit; a sentence when they cannot be placed. */
export function planPods(total: number, instanceType: string = INSTANCE_TYPE): PodPlan | string {
  const limits = limitsOf(instanceType);
  if (limits === undefined) return `nothing is known about the instance type ${instanceType}`;
  const { maxEnis } = limits;
  const perEni = limits.ipv4PerEni - 1;
  const perNode = maxEnis * perEni;
  const most = NODES.length * perNode;
  if (!Number.isInteger(total) || total < LEAST_PODS)
    return `the demo needs at least ${LEAST_PODS} pods: two on ${NODES[0]} and one on ${NODES[1]}`;
  if (total > most)
    return (
      `${total} pods do not fit: a ${instanceType} holds ${maxEnis} ENIs with ${perEni} pod addresses each, ` +
      `so ${NODES.length} nodes take at most ${most} pods`
    );
  const first = Math.min(perNode, Math.ceil((total * 2) / 3), total - 1);
  return { pods: { 'node-a': names('a', first), 'node-b': names('b', total - first) }, maxEnis, perEni };
}
