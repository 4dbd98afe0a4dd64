import { formatCidr } from '../addr/index.ts';
import type { HostNetwork } from './host-network.ts';
import type { Link, LinkAddress, Route, Rule, Step } from './types.ts';

/** What the kernel has: every link, and of the rest only what carries our protocol number or sits on an ENI of ours. */
export interface ObservedNetwork {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

/** The identity of a rule: all of it. The kernel keeps two rules apart that differ in any part. */
export function ruleKey(rule: Rule): string {
  const from = rule.from === undefined ? 'all' : formatCidr(rule.from);
  const to = rule.to === undefined ? '' : ` to ${formatCidr(rule.to)}`;
  const mark = rule.mark === undefined ? '' : ` fwmark ${rule.mark.value}/${rule.mark.mask}`;
  return `${rule.priority}: from ${from}${to}${mark} lookup ${rule.table}`;
}

const routePlace = (route: Route): string => `table ${route.table} ${formatCidr(route.destination)}`;
const routeKey = (route: Route): string =>
  `${routePlace(route)}${route.gateway === undefined ? '' : ` via ${route.gateway}`} dev ${route.link}`;
const addressKey = (address: LinkAddress): string => `${address.link} ${formatCidr(address.address)}`;

/** The members of `wanted` that `have` lacks, by key. */
function missing<T>(wanted: readonly T[], have: readonly T[], key: (item: T) => string): readonly T[] {
  const keys = new Set(have.map(key));
  return wanted.filter((item) => !keys.has(key(item)));
}

/** The wanted state of the host and of its pods. */
export interface WantedNetwork extends HostNetwork {
  readonly podRules: readonly Rule[];
  readonly podRoutes: readonly Route[];
}

/**
 * The steps from observed to wanted. What is missing comes first, what is too much goes last, so no packet meets a gap.
 * Only rules and routes that carry our protocol number are ever removed, and addresses only from secondary ENIs.
 * Applying the steps and looking again gives no steps.
 */
export function diffNetwork(wanted: WantedNetwork, observed: ObservedNetwork): readonly Step[] {
  const rules = [...wanted.rules, ...wanted.podRules];
  const routes = [...wanted.routes, ...wanted.podRoutes];
  const links = wanted.links.filter(({ link, mtu }) => {
    const have = observed.links.find((candidate) => candidate.name === link);
    return have === undefined || !have.up || have.mtu !== mtu;
  });
  const wantedPlaces = new Set(routes.map(routePlace));
  const eniLinks = new Set(wanted.addresses.map(({ link }) => link));
  const extraAddresses = missing(observed.addresses, wanted.addresses, addressKey).filter(({ link }) =>
    eniLinks.has(link),
  );
  // A route at a wanted place is replaced; removing it by the same key would remove its successor.
  const extraRoutes = missing(observed.routes, routes, routeKey).filter(
    (route) => !wantedPlaces.has(routePlace(route)),
  );
  return [
    ...links.map(({ link, mtu }) => ({ kind: 'set-link', link, mtu, up: true }) as const),
    ...missing(wanted.addresses, observed.addresses, addressKey).map(
      (address) => ({ kind: 'add-address', address }) as const,
    ),
    ...missing(routes, observed.routes, routeKey).map((route) => ({ kind: 'replace-route', route }) as const),
    ...missing(rules, observed.rules, ruleKey).map((rule) => ({ kind: 'add-rule', rule }) as const),
    ...missing(observed.rules, rules, ruleKey).map((rule) => ({ kind: 'remove-rule', rule }) as const),
    ...extraRoutes.map((route) => ({ kind: 'remove-route', route }) as const),
    ...extraAddresses.map((address) => ({ kind: 'remove-address', address }) as const),
  ];
}
