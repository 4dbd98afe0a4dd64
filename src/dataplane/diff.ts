import { familyOf, formatCidr, type IpAddress, type MacAddress } from '../addr/index.ts';
import type { HostNetwork } from './host-network.ts';
import { localRuleSteps } from './local-rule.ts';
import { ruleKey } from './rule-key.ts';
import { foreignRuleSteps } from './takeover.ts';
import type { ForeignRule, Link, LinkAddress, Neighbour, Route, Rule, Step, VlanLink } from './types.ts';

/**
 * What the kernel has in the families that were looked at: every link, what carries our protocol number, and what of
 * others stands where ours would. Addresses that a link gave itself (fe80::/10) are left out.
 */
export interface ObservedNetwork {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** Rules of others at the priorities we use. */
  readonly foreignRules: readonly ForeignRule[];
  /** Routes of others to one address by a link, in the main table: how another CNI plugin reaches its pods. */
  readonly foreignRoutes: readonly Route[];
  /** Permanent entries; absent where nobody looked. */
  readonly neighbours?: readonly Neighbour[];
}

const routePlace = (route: Route): string => `table ${route.table} ${formatCidr(route.destination)}`;
const routeKey = (route: Route): string =>
  `${routePlace(route)}${route.gateway === undefined ? '' : ` via ${route.gateway}`} dev ${route.link}`;
const addressKey = ({ link, address, connected }: LinkAddress): string =>
  `${link} ${formatCidr(address)}${connected ? ' with a connected route' : ''}`;

const neighbourKey = ({ link, address, mac }: Neighbour): string => `${link} ${address} ${mac}`;

const addressPlace = ({ link, address }: LinkAddress): string => `${link} ${familyOf(address.address)}`;

/** The members of `wanted` that `have` lacks, by key. */
function missing<T>(wanted: readonly T[], have: readonly T[], key: (item: T) => string): readonly T[] {
  const keys = new Set(have.map(key));
  return wanted.filter((item) => !keys.has(key(item)));
}

/** The wanted state of the host and of its pods. */
export interface WantedNetwork extends HostNetwork {
  readonly podRules: readonly Rule[];
  readonly podRoutes: readonly Route[];
  /** How the host finds pods of IPv6 before it could ask. */
  readonly podNeighbours?: readonly Neighbour[];
  /** The MACs of host ends: a pod sends to the one it was told. */
  readonly podMacs?: readonly { readonly link: string; readonly mac: MacAddress }[];
  /** Host ends that shall name their owner: those of pods that somebody else wired. */
  readonly podAliases?: readonly { readonly link: string; readonly alias: string }[];
  /** Links of branch ENIs, with the alias each shall have. */
  readonly vlans?: readonly { readonly vlan: VlanLink; readonly alias: string }[];
  /** Set on a node that was another CNI plugin's: its rules become ours. */
  readonly takeOver?: {
    /** Addresses of ours without a pod: a rule that was left for one of them would misroute the next. */
    readonly idleAddresses: readonly IpAddress[];
  };
}

/** Links of branch ENIs that are missing, or have the MAC of another one. */
function vlanSteps(wanted: WantedNetwork, observed: ObservedNetwork): readonly Step[] {
  const isThere = ({ name, mac }: VlanLink): boolean =>
    observed.links.some((link) => link.name === name && link.mac === mac);
  return (wanted.vlans ?? [])
    .filter(({ vlan }) => !isThere(vlan))
    .flatMap(({ vlan, alias }) => [
      { kind: 'add-vlan', vlan } as const,
      { kind: 'set-link', link: vlan.name, up: true, alias } as const,
    ]);
}

type SetLink = Extract<Step, { readonly kind: 'set-link' }>;

/** Links to bring up or to give their MTU; the host end of a pod must be up to carry the pod's route. */
function linkSteps(wanted: WantedNetwork, observed: ObservedNetwork): readonly SetLink[] {
  const links = new Map(observed.links.map((link) => [link.name, link]));
  const have = (name: string): Link | undefined => links.get(name);
  const own = wanted.links.filter(({ link, mtu }) => have(link)?.up !== true || have(link)?.mtu !== mtu);
  const pods = wanted.podRoutes.filter(({ link }) => have(link)?.up === false);
  return [
    ...own.map(({ link, mtu }) => ({ kind: 'set-link', link, mtu, up: true }) as const),
    ...pods.map(({ link }) => ({ kind: 'set-link', link, up: true }) as const),
    ...(wanted.podMacs ?? [])
      .filter(({ link, mac }) => have(link) !== undefined && have(link)?.mac !== mac)
      .map(({ link, mac }) => ({ kind: 'set-link', link, mac }) as const),
    ...(wanted.podAliases ?? [])
      .filter(({ link, alias }) => have(link) !== undefined && have(link)?.alias !== alias)
      .map(({ link, alias }) => ({ kind: 'set-link', link, alias }) as const),
  ];
}

/**
 * The steps from observed to wanted. What is missing comes first, what is too much goes last, so no packet meets a gap;
 * only an ENI's foreign addresses go before. Only rules and routes that carry our protocol number are removed, on a
 * node that is taken over also those that ours replace, and addresses from secondary ENIs. Looking again afterwards gives no steps.
 */
export function diffNetwork(wanted: WantedNetwork, observed: ObservedNetwork): readonly Step[] {
  const rules = [...wanted.rules, ...wanted.podRules];
  const routes = [...wanted.routes, ...wanted.podRoutes];
  const wantedPlaces = new Set(routes.map(routePlace));
  const eniLinks = new Set(wanted.addresses.map(addressPlace));
  const extraAddresses = missing(observed.addresses, wanted.addresses, addressKey).filter((address) =>
    eniLinks.has(addressPlace(address)),
  );
  // The first address of a subnet takes the later ones with it, and a link's last address all routes of the link: a
  // link that loses an address gets everything of ours again.
  const disturbed = new Set(extraAddresses.map(({ link }) => link));
  const addresses = new Set(missing(wanted.addresses, observed.addresses, addressKey));
  const absentRoutes = new Set(missing(routes, observed.routes, routeKey));
  // A route at a wanted place is replaced; removing it by the same key would remove its successor.
  const extraRoutes = missing(observed.routes, routes, routeKey).filter(
    (route) => !wantedPlaces.has(routePlace(route)),
  );
  const links = linkSteps(wanted, observed);
  // Another MAC takes all neighbour entries of a link away.
  const renamed = new Set(links.flatMap(({ link, mac }) => (mac === undefined ? [] : [link])));
  const neighbours = new Set(missing(wanted.podNeighbours ?? [], observed.neighbours ?? [], neighbourKey));
  const foreign = foreignRuleSteps({
    wanted: rules,
    own: observed.rules,
    foreign: wanted.takeOver === undefined ? [] : observed.foreignRules,
    idle: wanted.takeOver?.idleAddresses ?? [],
  });
  const local = localRuleSteps({ wanted: rules, own: observed.rules, foreign: observed.foreignRules });
  const made = vlanSteps(wanted, observed);
  // A link that is made anew has lost its routes, whatever was seen of the one before.
  for (const step of made) if (step.kind === 'add-vlan') disturbed.add(step.vlan.name);
  return [
    ...links,
    ...made,
    ...extraAddresses.map((address) => ({ kind: 'remove-address', address }) as const),
    ...wanted.addresses
      .filter((address) => addresses.has(address) || disturbed.has(address.link))
      .map((address) => ({ kind: 'add-address', address }) as const),
    ...routes
      .filter((route) => absentRoutes.has(route) || disturbed.has(route.link))
      .map((route) => ({ kind: 'replace-route', route }) as const),
    ...(wanted.podNeighbours ?? [])
      .filter((entry) => neighbours.has(entry) || renamed.has(entry.link))
      .map((entry) => ({ kind: 'set-neighbour', ...entry }) as const),
    ...local.add,
    ...foreign.add,
    ...missing(rules, [...observed.rules, ...foreign.add.map(({ rule }) => rule)], ruleKey).map(
      (rule) => ({ kind: 'add-rule', rule }) as const,
    ),
    ...local.remove,
    ...foreign.remove,
    ...missing(observed.rules, rules, ruleKey).map((rule) => ({ kind: 'remove-rule', rule }) as const),
    ...extraRoutes.map((route) => ({ kind: 'remove-route', route }) as const),
  ];
}
