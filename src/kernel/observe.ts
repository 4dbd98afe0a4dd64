import { formatCidr, type IpFamily, isHostCidr, isLinkLocal, type MacAddress, networkOf } from '../addr/index.ts';
import {
  type Link,
  type LinkAddress,
  MAIN_TABLE,
  type Neighbour,
  type ObservedNetwork,
  PRIORITY,
  PROTOCOL,
  type Route,
  type Rule,
} from '../dataplane/index.ts';
import type { NetlinkReply } from './netlink/codec.ts';
import { RTPROT_KERNEL } from './netlink/constants.ts';
import {
  type AddressFact,
  type NeighbourFact,
  type RouteFact,
  type RuleFact,
  readAddress,
  readLink,
  readLinkPlace,
  readNeighbour,
  readPeerIndex,
  readRoute,
  readRule,
} from './netlink/facts.ts';
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

/** The index of the far end of the veth with this name. */
export function findPeerIndex(socket: RouteSocket, name: string): number | undefined {
  const reply = socket.get(getLink(name));
  return reply === undefined ? undefined : readPeerIndex(reply);
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

/**
 * One of hundreds may be missing while somebody changes rules: the kernel goes on by position and does not say that the list
 * has changed (net/core/fib_rules.c, `dump_rules`). Adding it again is nothing.
 */
const listRuleFacts = (socket: RouteSocket, families: readonly IpFamily[]): readonly RuleFact[] =>
  families.flatMap((family) => socket.dump(dumpOf('rules', family)).map(readRule).filter(present));

const isOwn = ({ protocol }: { readonly protocol: number }): boolean => protocol === PROTOCOL;
const ruleOf = ({ rule }: RuleFact): Rule => rule;

/** The rules tagged as ours. */
export function listOwnRules(socket: RouteSocket, families = ONLY_IPV4): readonly Rule[] {
  return listRuleFacts(socket, families).filter(isOwn).map(ruleOf);
}

/** All rules, whoever made them. */
export function listRules(socket: RouteSocket, families = ONLY_IPV4): readonly Rule[] {
  return listRuleFacts(socket, families).map(ruleOf);
}

const namesOf = (links: readonly Link[]): ReadonlyMap<number, string> =>
  new Map(links.map((link) => [link.index, link.name]));

/** A dump of one kind, of all these families, read. */
function factsOf<T>(
  socket: RouteSocket,
  kind: 'addresses' | 'routes' | 'neighbours',
  families: readonly IpFamily[],
  read: (reply: NetlinkReply) => T | undefined,
): readonly T[] {
  return families.flatMap((family) => socket.dump(dumpOf(kind, family)).map(read).filter(present));
}

function nameAddresses(facts: readonly AddressFact[], links: readonly Link[]): readonly LinkAddress[] {
  const names = namesOf(links);
  return facts.flatMap(({ index, address, connected }) => {
    const link = names.get(index);
    return link === undefined ? [] : [{ link, address, ...(connected ? { connected } : {}) }];
  });
}

/** All addresses, with the names of their links. */
export function listAddresses(
  socket: RouteSocket,
  links: readonly Link[],
  families = ONLY_IPV4,
): readonly LinkAddress[] {
  return nameAddresses(factsOf(socket, 'addresses', families, readAddress), links);
}

/** A route and the protocol that made it. */
interface MadeRoute {
  readonly route: Route;
  readonly protocol: number;
}

function nameRoutes(facts: readonly RouteFact[], links: readonly Link[]): readonly MadeRoute[] {
  const names = namesOf(links);
  return facts.flatMap(({ index, table, destination, gateway, protocol }) => {
    const link = names.get(index);
    if (link === undefined) return [];
    return [{ protocol, route: { table, destination, link, ...(gateway === undefined ? {} : { gateway }) } }];
  });
}

const listMadeRoutes = (
  socket: RouteSocket,
  links: readonly Link[],
  families: readonly IpFamily[],
): readonly MadeRoute[] => nameRoutes(factsOf(socket, 'routes', families, readRoute), links);

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

/** Permanent entries. Only pods of IPv6 have one on the host. */
function nameNeighbours(facts: readonly NeighbourFact[], links: readonly Link[]): readonly Neighbour[] {
  const names = namesOf(links);
  return facts.flatMap(({ index, address, mac, permanent }) => {
    const link = names.get(index);
    return link === undefined || mac === undefined || !permanent ? [] : [{ link, address, mac }];
  });
}

/** Looks kind by kind, with a pause after each. */
function* observation(
  socket: RouteSocket,
  families: readonly IpFamily[],
): Generator<undefined, ObservedNetwork, undefined> {
  const rules = listRuleFacts(socket, families);
  yield;
  const routeFacts = factsOf(socket, 'routes', families, readRoute);
  yield;
  const addressFacts = factsOf(socket, 'addresses', families, readAddress);
  const neighbourFacts = families.includes('ipv6') ? factsOf(socket, 'neighbours', ['ipv6'], readNeighbour) : [];
  yield;
  const links = listLinks(socket);
  yield;
  const routes = nameRoutes(routeFacts, links);
  const addresses = nameAddresses(addressFacts, links).filter(({ address }) => !isLinkLocal(address.address));
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
    neighbours: nameNeighbours(neighbourFacts, links),
  };
}

/**
 * The whole network state that the diff looks at, in these families. An address counts as connected only while the kernel has its route in
 * main, or will make it when the link comes up: another CNI plugin takes that route away, and then the address is as good
 * as ours.
 */
export function observeNetwork(socket: RouteSocket, families = ONLY_IPV4): ObservedNetwork {
  const looking = observation(socket, families);
  for (;;) {
    const { done, value } = looking.next();
    if (done) return value;
  }
}

/** The same with others having their turn in between: where one of them has changed something, kinds may not fit together. */
export async function observeInTurns(
  socket: RouteSocket,
  families: readonly IpFamily[],
  turn: () => Promise<void>,
): Promise<ObservedNetwork> {
  const looking = observation(socket, families);
  for (;;) {
    const { done, value } = looking.next();
    if (done) return value;
    await turn();
  }
}
