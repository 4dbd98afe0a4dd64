import { formatCidr, networkOf } from '../../src/addr/index.ts';
import {
  type Link,
  type LinkAddress,
  type ObservedNetwork,
  type Route,
  ruleKey,
  type Step,
} from '../../src/dataplane/index.ts';

const place = (route: Route): string => `${route.table} ${formatCidr(route.destination)}`;
const subnet = ({ link, address }: LinkAddress): string => `${link} ${formatCidr(networkOf(address))}`;
const sameAddress = (a: LinkAddress, b: LinkAddress): boolean =>
  a.link === b.link && formatCidr(a.address) === formatCidr(b.address);

/** What the kernel does with one step, side effects included: the ones that make a plan fall short of its aim. */
export function kernelApplies(state: ObservedNetwork, step: Step): ObservedNetwork {
  switch (step.kind) {
    case 'add-vlan': {
      const { name, mac } = step.vlan;
      const link: Link = { index: 1000, name, mac, mtu: 9001, up: false, group: 0, alias: undefined };
      const others = state.links.filter((have) => have.name !== name);
      return { ...state, links: [...others, link], routes: state.routes.filter((route) => route.link !== name) };
    }
    case 'set-link': {
      const change = (link: Link): Link => ({
        ...link,
        mtu: step.mtu ?? link.mtu,
        up: step.up ?? link.up,
        alias: step.alias ?? link.alias,
      });
      return { ...state, links: state.links.map((link) => (link.name === step.link ? change(link) : link)) };
    }
    case 'add-address': {
      const there = state.addresses.some((have) => sameAddress(have, step.address));
      return there ? state : { ...state, addresses: [...state.addresses, step.address] };
    }
    case 'remove-address':
      return withoutAddress(state, step.address);
    case 'replace-route': {
      if (state.links.find(({ name }) => name === step.route.link)?.up !== true) return state;
      const others = state.routes.filter((route) => place(route) !== place(step.route));
      return { ...state, routes: [...others, step.route] };
    }
    case 'remove-route': {
      const gone = (route: Route): boolean =>
        place(route) === place(step.route) && route.link === step.route.link && route.gateway === step.route.gateway;
      return { ...state, routes: state.routes.filter((route) => !gone(route)) };
    }
    case 'add-rule': {
      const { from, to, ...rest } = step.rule;
      // Selectors of length zero are dropped, as the kernel drops them.
      const rule = {
        ...rest,
        ...(from === undefined || from.prefixLength === 0 ? {} : { from }),
        ...(to === undefined || to.prefixLength === 0 ? {} : { to }),
      };
      const there = state.rules.some((have) => ruleKey(have) === ruleKey(rule));
      return there ? state : { ...state, rules: [...state.rules, rule] };
    }
    case 'remove-rule':
      return { ...state, rules: state.rules.filter((rule) => ruleKey(rule) !== ruleKey(step.rule)) };
    case 'remove-foreign-rule': {
      const foreignRules = state.foreignRules.filter(({ rule }) => ruleKey(rule) !== ruleKey(step.rule));
      return { ...state, foreignRules };
    }
    case 'set-neighbour':
      return state;
    default:
      return step satisfies never;
  }
}

/** The first address of a subnet takes the later ones along; the last one of a link takes all its routes. */
function withoutAddress(state: ObservedNetwork, address: LinkAddress): ObservedNetwork {
  const first = state.addresses.find((have) => subnet(have) === subnet(address));
  const takesAll = first !== undefined && sameAddress(first, address);
  const addresses = state.addresses.filter((have) =>
    takesAll ? subnet(have) !== subnet(address) : !sameAddress(have, address),
  );
  const bare = addresses.every(({ link }) => link !== address.link);
  return {
    ...state,
    addresses,
    routes: bare ? state.routes.filter((route) => route.link !== address.link) : state.routes,
  };
}
