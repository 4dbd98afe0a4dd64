import { PREFIX_ADDRESSES } from '../pool/index.ts';
import { type RestingNode, restingNode } from './resting-node.ts';
import { type FleetScenario, type PodLoad, podsOn } from './scenario.ts';
import { nodeKind } from './simulate.ts';
import { SubnetSpace } from './subnet-space.ts';

/** Network address units a VPC may have unless Amazon raises the quota (VPC user guide, "Network Address Usage"). */
export const NAU_QUOTA = 64_000;

/** Nodes with the same number of pods. */
export interface PlannedNodes {
  readonly pods: number;
  readonly nodes: number;
  readonly enis: number;
  /** Single addresses, the ENIs' own included, and /28 (or /80) prefixes: of one node. */
  readonly addresses: number;
  readonly prefixes: number;
  readonly warm: number;
}

/** A subnet once all nodes that fit are in it. */
export interface PlannedSubnet {
  readonly cidr: string;
  readonly for: 'nodes' | 'pods';
  readonly usable: number;
  readonly others: number;
  readonly taken: number;
  readonly free: number;
  readonly freePrefixes: number;
}

/** What a fleet takes at rest, and for how long the subnets suffice. */
export interface FleetPlan {
  readonly name: string;
  readonly instanceType: string;
  readonly mode: string;
  readonly nodes: number;
  readonly pods: number;
  /** Most pods with an address of their own on one node. */
  readonly mostPods: number;
  readonly unplacedPods: number;
  readonly perNode: readonly PlannedNodes[];
  readonly enis: number;
  /** Single addresses, of these the ENIs' own, and prefixes. */
  readonly addresses: number;
  readonly primary: number;
  readonly prefixes: number;
  /** All addresses the subnets give, those of /28s included. */
  readonly taken: number;
  readonly warm: number;
  readonly nau: number;
  readonly nauQuota: number;
  /** The same nodes with as many pods as they take. */
  readonly full: { readonly pods: number; readonly taken: number; readonly nau: number };
  readonly subnets: readonly PlannedSubnet[];
  /** Nodes of this load that the subnets have room for, and where the next one fails; `null` without subnets. */
  readonly room: { readonly nodes: number; readonly subnet: string } | null;
  /** Most pods on each of the nodes until the subnets are full; `null` without subnets. */
  readonly podsPerNode: number | null;
  readonly fits: boolean;
}

interface Sum {
  readonly enis: number;
  readonly addresses: number;
  readonly prefixes: number;
}

function sumOf({ enis }: RestingNode): Sum {
  return {
    enis: enis.length,
    addresses: enis.reduce((sum, each) => sum + 1 + each.addresses, 0),
    prefixes: enis.reduce((sum, each) => sum + each.prefixes, 0),
  };
}

/** An address and a prefix count one each, and so does every ENI beyond the primary one. */
const nauOf = ({ enis, addresses, prefixes }: Sum, nodes: number): number => (addresses + prefixes + enis - 1) * nodes;

/** Subnets that nodes are put into one after the other. */
class Ground {
  readonly nodes: readonly SubnetSpace[];
  readonly pods: readonly SubnetSpace[];
  readonly #ipv4Prefixes: boolean;
  #placed = 0;

  constructor(scenario: FleetScenario, ipv4Prefixes: boolean) {
    this.nodes = scenario.subnets.map((spec) => new SubnetSpace(spec));
    this.pods = scenario.podSubnets.map((spec) => new SubnetSpace(spec));
    this.#ipv4Prefixes = ipv4Prefixes;
  }

  /** Puts a node into the next subnet; the subnet that has no room for it otherwise. */
  place({ enis }: RestingNode): SubnetSpace | undefined {
    const own = this.nodes[this.#placed % this.nodes.length];
    const forPods = this.pods[this.#placed % Math.max(1, this.pods.length)] ?? own;
    this.#placed += 1;
    for (const eni of enis) {
      const subnet = eni.primary || eni.trunk ? own : forPods;
      if (subnet?.takeAddresses(1 + eni.addresses) === undefined) return subnet;
      if (this.#ipv4Prefixes && subnet.takePrefixes(eni.prefixes) === undefined) return subnet;
    }
    return undefined;
  }
}

/** More nodes than any cluster has. */
const MOST_NODES = 100_000;

/** Plans a fleet: pods spread evenly, every node at rest. */
export async function planFleet(scenario: FleetScenario): Promise<FleetPlan> {
  const { nodes, limits } = scenario;
  const kind = nodeKind(scenario);
  const { mode } = kind.targets;
  const known = new Map<number, RestingNode>();
  const atRest = async (pods: number): Promise<RestingNode> => {
    const found = known.get(pods) ?? (await restingNode(scenario, pods));
    known.set(pods, found);
    return found;
  };
  const load: PodLoad = scenario.stages.at(-1)?.pods ?? { count: 0, of: 'fleet' };
  const loads = [podsOn(load, 0, nodes), podsOn(load, nodes - 1, nodes)];
  const first = load.of === 'node' ? nodes : load.count % nodes;
  const groups: { readonly wanted: number; readonly nodes: number; readonly rest: RestingNode }[] = [];
  for (const [wanted = 0, count] of [[loads[0], first] as const, [loads[1], nodes - first] as const])
    if (count > 0) groups.push({ wanted, nodes: count, rest: await atRest(Math.min(wanted, kind.mostPods)) });
  const total = (of: (rest: RestingNode) => number): number =>
    groups.reduce((sum, group) => sum + of(group.rest) * group.nodes, 0);
  const sums = {
    enis: total((rest) => sumOf(rest).enis),
    addresses: total((rest) => sumOf(rest).addresses),
    prefixes: total((rest) => sumOf(rest).prefixes),
  };
  const prefixSize = mode === 'ipv6' ? 0 : PREFIX_ADDRESSES;
  const takenBy = ({ addresses, prefixes }: Omit<Sum, 'enis'>): number => addresses + prefixes * prefixSize;
  const fullNode = await atRest(kind.mostPods);
  const full = sumOf(fullNode);
  const ground = (): Ground => new Ground(scenario, mode !== 'ipv6');
  const used = ground();
  const nodesInOrder = groups.flatMap((group) => Array.from({ length: group.nodes }, () => group.rest));
  const missing = used.nodes.length === 0 ? undefined : nodesInOrder.map((rest) => used.place(rest)).find(Boolean);
  const unplacedPods = groups.reduce((sum, group) => sum + Math.max(0, group.wanted - kind.mostPods) * group.nodes, 0);
  return {
    name: scenario.name,
    instanceType: limits.instanceType,
    mode,
    nodes,
    pods: total((rest) => rest.pods),
    mostPods: kind.mostPods,
    unplacedPods,
    perNode: groups.map(({ nodes: count, rest }) => ({
      ...sumOf(rest),
      pods: rest.pods,
      nodes: count,
      warm: rest.warm,
    })),
    ...sums,
    primary: sums.enis,
    taken: takenBy(sums),
    warm: total((rest) => rest.warm),
    nau: groups.reduce((sum, group) => sum + nauOf(sumOf(group.rest), group.nodes), 0),
    nauQuota: NAU_QUOTA,
    full: { pods: fullNode.pods * nodes, taken: takenBy(full) * nodes, nau: nauOf(full, nodes) },
    subnets: subnetsOf(scenario, used),
    room: used.nodes.length === 0 ? null : roomOf(ground(), groups[0]?.rest),
    podsPerNode: used.nodes.length === 0 ? null : await mostPodsOf(ground, nodes, kind.mostPods, atRest),
    fits: missing === undefined && unplacedPods === 0,
  };
}

function subnetsOf(scenario: FleetScenario, { nodes, pods }: Ground): readonly PlannedSubnet[] {
  const specs = [...scenario.subnets, ...scenario.podSubnets];
  return [...nodes, ...pods].map(({ view }, index) => {
    const others = Math.min(specs[index]?.used ?? 0, view.usable);
    const { cidr, usable, free, freePrefixes } = view;
    const taken = usable - others - free;
    return { cidr, for: index < nodes.length ? 'nodes' : 'pods', usable, others, taken, free, freePrefixes };
  });
}

function roomOf(ground: Ground, rest: RestingNode | undefined): FleetPlan['room'] {
  if (rest === undefined) return null;
  for (let placed = 0; placed < MOST_NODES; placed++) {
    const full = ground.place(rest);
    if (full !== undefined) return { nodes: placed, subnet: full.id };
  }
  return null;
}

/** The greatest load of which every node still fits; a greater one never needs less. */
async function mostPodsOf(
  ground: () => Ground,
  nodes: number,
  mostPods: number,
  atRest: (pods: number) => Promise<RestingNode>,
): Promise<number> {
  let [fits, fails] = [-1, mostPods + 1];
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    const rest = await atRest(middle);
    const there = ground();
    let placed = 0;
    while (placed < nodes && there.place(rest) === undefined) placed += 1;
    if (placed === nodes) fits = middle;
    else fails = middle;
  }
  return Math.max(0, fits);
}
