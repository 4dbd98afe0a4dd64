import { formatCidr, type IpFamily, isHostCidr, isLinkLocal, type MacAddress, networkOf } from '../addr/index.ts';
import {
  type Link,
  type LinkAddress,
  MAIN_TABLE,
  type ObservedNetwork,
  PRIORITY,
  PROTOCOL,
  type Route,
  type Rule,
} from '../dataplane/index.ts';
import { RTPROT_KERNEL } from './netlink/constants.ts';
import { type RuleFact, readAddress, readLink, readLinkPlace, readRoute, readRule } from './netlink/facts.ts';
import { dumpOf, getLink } from './netlink/messages.ts';
import type { RouteSocket } from './netlink/socket.ts';

const present = <T>(item: T | undefined): item is T => item !== undefined;

/** Every link of the socket's namespace. */
export function listLinks(socket: RouteSocket): readonly Link[] {
  return socket.dump(dumpOf('links')).map(readLink).filter(present);
}

/** The link with this name. */
export function findLink(socket: RouteSocket, name: string): Link | undefined {
  const reply = socket.get(getLink(name));
  return reply === undefined ? undefined : readLink(reply);
}

/**
 * The links that have this MAC by themselves, lowest index first: a VLAN or macvlan link on top of one of them has the
 * same, and so has a bridge or bond that one of them is a port of.
 */
export function listLinksByMac(socket: RouteSocket, mac: MacAddress): readonly Link[] {
  const same = socket.dump(dumpOf('links')).flatMap((reply) => {
    const link = readLink(reply);
    return link?.mac === mac ? [{ link, place: readLinkPlace(reply) }] : [];
  });
  const indexes = new Set(same.map(({ place }) => place.index));
  const masters = new Set(same.map(({ place }) => place.master));
  return same
    .filter(({ place }) => !(place.parent !== undefined && indexes.has(place.parent)) && !masters.has(place.index))
    .map(({ link }) => link)
    .sort((a, b) => a.index - b.index);
}

/** The link with this MAC; where several share it, the one with the lowest index. */
export function findLinkByMac(socket: RouteSocket, mac: MacAddress): Link | undefined {
  return listLinksByMac(socket, mac)[0];
}

/** What is looked at unless the caller says otherwise: a second family doubles the dumps. */
const ONLY_IPV4: readonly IpFamily[] = ['ipv4'];

const listRuleFacts = (socket: RouteSocket, families: readonly IpFamily[]): readonly RuleFact[] =>
  families.flatMap((family) => socket.dump(dumpOf('rules', family)).map(readRule).filter(present));

const isOwn = ({ protocol }: { readonly protocol: number }): boolean => protocol === PROTOCOL;
const ruleOf = ({ rule }: RuleFact): Rule => rule;

/** The rules tagged as ours. */
export function listOwnRules(socket: RouteSocket, families = ONLY_IPV4): readonly Rule[] {
  return listRuleFacts(socket, families).filter(isOwn).map(ruleOf);
}

const namesOf = (links: readonly Link[]): ReadonlyMap<number, string> =>
  new Map(links.map((link) => [link.index, link.name]));

/** All addresses, with the names of their links. */
export function listAddresses(
  socket: RouteSocket,
  links: readonly Link[],
  families = ONLY_IPV4,
): readonly LinkAddress[] {
  const names = namesOf(links);
  return families
    .flatMap((family) => socket.dump(dumpOf('addresses', family)))
    .map(readAddress)
    .filter(present)
    .flatMap(({ index, address, connected }) => {
      const link = names.get(index);
      return link === undefined ? [] : [{ link, address, ...(connected ? { connected } : {}) }];
    });
}

/** A route and the protocol that made it. */
interface MadeRoute {
  readonly route: Route;
  readonly protocol: number;
}

function listMadeRoutes(
  socket: RouteSocket,
  links: readonly Link[],
  families: readonly IpFamily[],
): readonly MadeRoute[] {
  const names = namesOf(links);
  return families
    .flatMap((family) => socket.dump(dumpOf('routes', family)))
    .map(readRoute)
    .filter(present)
    .flatMap(({ index, table, destination, gateway, protocol }) => {
      const link = names.get(index);
      if (link === undefined) return [];
      return [{ protocol, route: { table, destination, link, ...(gateway === undefined ? {} : { gateway }) } }];
    });
}

const routeOf = ({ route }: MadeRoute): Route => route;

/** All unicast routes, whoever made them, in every table. */
export function listRoutes(socket: RouteSocket, links: readonly Link[], families = ONLY_IPV4): readonly Route[] {
  return listMadeRoutes(socket, links, families).map(routeOf);
}

/** The routes tagged as ours, in every table. */
export function listOwnRoutes(socket: RouteSocket, links: readonly Link[], families = ONLY_IPV4): readonly Route[] {
  return listMadeRoutes(socket, links, families).filter(isOwn).map(routeOf);
}

const OUR_PRIORITIES: ReadonlySet<number> = new Set(Object.values(PRIORITY));

/** Reports whether another program reaches one address by a link with this route. */
function reachesOne({ route, protocol }: MadeRoute): boolean {
  const { table, destination, gateway } = route;
  return protocol !== PROTOCOL && table === MAIN_TABLE && isHostCidr(destination) && gateway === undefined;
}

/**
 * The whole network state that the diff looks at, in these families. An address counts as connected only while the kernel has its route in
 * main, or will make it when the link comes up: another CNI plugin takes that route away, and then the address is as good
 * as ours.
 */
export function observeNetwork(socket: RouteSocket, families = ONLY_IPV4): ObservedNetwork {
  const links = listLinks(socket);
  const routes = listMadeRoutes(socket, links, families);
  const rules = listRuleFacts(socket, families);
  const addresses = listAddresses(socket, links, families).filter(({ address }) => !isLinkLocal(address.address));
  const network = ({ link, address }: LinkAddress): string => `${formatCidr(networkOf(address))} dev ${link}`;
  const down = new Set(links.filter(({ up }) => !up).map(({ name }) => name));
  const connected = new Set(
    routes
      .filter(({ protocol, route }) => protocol === RTPROT_KERNEL && route.table === MAIN_TABLE)
      .map(({ route }) => network({ link: route.link, address: route.destination })),
  );
  return {
    links,
    addresses: addresses.map(({ link, address, ...rest }) =>
      down.has(link) || connected.has(network({ link, address })) ? { link, address, ...rest } : { link, address },
    ),
    routes: routes.filter(isOwn).map(routeOf),
    rules: rules.filter(isOwn).map(ruleOf),
    foreignRules: rules
      .filter((fact) => !isOwn(fact) && fact.plain && OUR_PRIORITIES.has(fact.rule.priority))
      .map(({ rule, protocol }) => ({ rule, protocol })),
    foreignRoutes: routes.filter(reachesOne).map(routeOf),
  };
}
