import { formatCidr } from '../../addr/index.ts';
import { IMDS_ADDRESS, linkLocalOf, MTU, ROUTER_LINK_LOCAL, ROUTER_MAC, ROUTER_WELL_KNOWN } from './addresses.ts';
import type { LinkAddress } from './ipv6-ready.ts';
import type { Port, Ports } from './port.ts';

/** What this machine's kernel can do, found out once. */
export interface KernelFacts {
  readonly ipv6: boolean;
  /** Whether it has 802.1Q links. Without them a branch ENI is a link of its own in the node, `br<vlan>`. */
  readonly vlan: boolean;
}

/** The links and routes of some ports: lines for `ip -batch`, in the router and in each node. */
export interface LinkPlan {
  readonly router: readonly string[];
  /** By network namespace. */
  readonly nodes: ReadonlyMap<string, readonly string[]>;
  /** The router's ends that are new. */
  readonly plugged: readonly string[];
  /** Lines for the router once the nodes have theirs: asked for the state of a link, the kernel lets it carry packets. */
  readonly carriers: readonly string[];
  /** What the nodes and, for a `netns` of `undefined`, the router must receive before a node can be handed over. */
  readonly received: readonly (Omit<LinkAddress, 'netns'> & { readonly netns: string | undefined })[];
}

/**
 * The way between two states of the ports; a whole burst of events is one plan, so what was attached and detached
 * within it costs nothing. Removals come first: an address that moves is never delivered to both its ENIs.
 */
export function planLinks(before: Ports, after: Ports, facts: KernelFacts): LinkPlan {
  const kept = (eniId: string): boolean => sameLink(before, after, eniId);
  const gone = [...before.values()].filter((port) => !kept(port.eniId)).sort(branchesFirst);
  const fresh = [...after.values()].filter((port) => !kept(port.eniId)).sort((a, b) => branchesFirst(b, a));
  const removed: string[] = [];
  const added: string[] = [];
  for (const port of after.values()) {
    const previous = kept(port.eniId) ? before.get(port.eniId) : undefined;
    if (previous === port) continue;
    const [had, wanted] = [previous === undefined ? [] : routesOf(previous, facts), routesOf(port, facts)];
    const [old, now] = [new Set(had.map(renderRoute)), new Set(wanted.map(renderRoute))];
    removed.push(...[...old].filter((route) => !now.has(route)).map((route) => `route del ${route}`));
    added.push(...[...now].filter((route) => !old.has(route)).map((route) => `route replace ${route}`));
  }
  return {
    // A VLAN link goes with its trunk's port.
    router: [
      ...unplugLines(gone.filter((port) => !facts.vlan || !isUnder(port, gone))),
      ...removed,
      ...fresh.flatMap((port) => plugLines(port, facts)),
      ...added,
    ],
    nodes: nodeLines(fresh, facts),
    plugged: fresh.map((port) => port.name),
    // The other end came up a moment ago, and without being asked the kernel gets to that some milliseconds later
    // (net/core/link_watch.c, since 6.8). What is sent meanwhile is lost.
    received: fresh.flatMap(({ dhcp, netns, ifName, name }) =>
      dhcp?.ipv6 === undefined || !facts.ipv6
        ? []
        : [
            { netns, link: ifName, address: dhcp.ipv6 },
            { netns: undefined, link: name, address: ROUTER_LINK_LOCAL },
          ],
    ),
    carriers: fresh.filter(({ dhcp }) => dhcp !== undefined).map(({ name }) => `link show dev ${name}`),
  };
}

/** Whether the ENI has the same link before and after; a branch ENI's hangs on its trunk's. */
function sameLink(before: Ports, after: Ports, eniId: string): boolean {
  const [a, b] = [before.get(eniId), after.get(eniId)];
  if (a === undefined || b === undefined) return false;
  if (a === b && a.branch === undefined) return true;
  const same = a.netns === b.netns && a.ifName === b.ifName && a.mac === b.mac;
  if (a.branch === undefined || b.branch === undefined) return same && a.branch === b.branch;
  return same && a.branch.trunkEniId === b.branch.trunkEniId && sameLink(before, after, a.branch.trunkEniId);
}

const branchesFirst = (a: Port, b: Port): number => Number(a.branch === undefined) - Number(b.branch === undefined);

const isUnder = (port: Port, gone: readonly Port[]): boolean =>
  port.branch !== undefined && gone.some((trunk) => trunk.name === port.branch?.trunkPort);

/** Links are in group 0 unless they are about to go. */
const DOOMED = 1;

interface Route {
  readonly network: string;
  readonly via: string | undefined;
  readonly port: string;
}

/**
 * What the router delivers to a port. Everything goes by way of one neighbour per family, which it knows for good: the
 * VPC never asks the node for an address, and members of a prefix need no neighbour of their own.
 */
function routesOf(port: Port, facts: KernelFacts): readonly Route[] {
  const [primary, ...secondary] = port.addresses;
  const ipv6 = [...port.ipv6Addresses.map((address) => `${address}/128`), ...port.ipv6Prefixes.map(formatCidr)];
  return [
    ...(primary === undefined ? [] : [{ network: `${primary}/32`, via: undefined, port: port.name }]),
    ...[...secondary.map((address) => `${address}/32`), ...port.prefixes.map(formatCidr)].map((network) => ({
      network,
      via: primary,
      port: port.name,
    })),
    ...(facts.ipv6 ? ipv6 : []).map((network) => ({ network, via: linkLocalOf(port.mac), port: port.name })),
  ];
}

const renderRoute = ({ network, via, port }: Route): string =>
  `${network}${via === undefined ? '' : ` via ${via}`} dev ${port}${via === undefined ? '' : ' onlink'}`;

/** A group of links goes as one: each by itself would wait some 20 ms until no packet can be on its way any more. */
function unplugLines(gone: readonly Port[]): readonly string[] {
  if (gone.length < 2) return gone.map(({ name }) => `link del ${name}`);
  return [...gone.map(({ name }) => `link set ${name} group ${DOOMED}`), `link del group ${DOOMED}`];
}

function plugLines(port: Port, facts: KernelFacts): readonly string[] {
  const { name, branch, mac } = port;
  const neighbours = [...port.addresses.slice(0, 1), ...(facts.ipv6 ? [linkLocalOf(mac)] : [])];
  return [
    branch !== undefined && facts.vlan
      ? `link add link ${branch.trunkPort} name ${name} address ${ROUTER_MAC} type vlan id ${branch.vlanId}`
      : // The node's end is born in the node's namespace, down, as the kernel shows a hot-plugged ENI.
        `link add ${name} address ${ROUTER_MAC} mtu ${MTU.vpc} type veth peer name ${port.ifName} address ${mac} mtu ${MTU.vpc} netns ${port.netns}`,
    `link set ${name} up`,
    ...(facts.ipv6 ? [`addr add ${ROUTER_WELL_KNOWN}/128 dev ${name} nodad`] : []),
    ...neighbours.map((address) => `neigh replace ${address} lladdr ${mac} nud permanent dev ${name}`),
  ];
}

/** What DHCP gives device 0 on EC2. Other ENIs get nothing: configuring them is the job of the daemon under test. */
function nodeLines(fresh: readonly Port[], facts: KernelFacts): ReadonlyMap<string, readonly string[]> {
  const batches = new Map<string, readonly string[]>();
  for (const { dhcp, ifName, netns } of fresh) {
    if (dhcp === undefined) continue;
    const { address, gateway, ipv6 } = dhcp;
    const lines = [
      `addr add ${formatCidr(address)} brd + dev ${ifName}`,
      `link set ${ifName} up`,
      `route add default via ${gateway} dev ${ifName} src ${address.address} proto 16`,
      `route add ${IMDS_ADDRESS}/32 dev ${ifName} src ${address.address} proto 16`,
      // Protocol 9: from a router advertisement. No duplicate can exist, and the probe for one takes over a second.
      ...(ipv6 === undefined || !facts.ipv6
        ? []
        : [
            `addr add ${ipv6}/128 dev ${ifName} nodad`,
            `route add default via ${ROUTER_LINK_LOCAL} dev ${ifName} proto 9 metric 1024`,
          ]),
    ];
    batches.set(netns, [...(batches.get(netns) ?? []), ...lines]);
  }
  return batches;
}
