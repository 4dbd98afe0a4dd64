import type { MacAddress } from '../addr/index.ts';
import {
  type Link,
  type LinkAddress,
  type ObservedNetwork,
  PROTOCOL,
  type Route,
  type Rule,
} from '../dataplane/index.ts';
import { readAddress, readLink, readRoute, readRule } from './netlink/facts.ts';
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

/** The link with this MAC; where several share it, the one with the lowest index. */
export function findLinkByMac(socket: RouteSocket, mac: MacAddress): Link | undefined {
  return listLinks(socket)
    .filter((link) => link.mac === mac)
    .sort((a, b) => a.index - b.index)[0];
}

/** The rules tagged as ours. */
export function listOwnRules(socket: RouteSocket): readonly Rule[] {
  return socket
    .dump(dumpOf('rules'))
    .map(readRule)
    .filter(present)
    .filter((fact) => fact.protocol === PROTOCOL)
    .map((fact) => fact.rule);
}

/** All IPv4 addresses, with the names of their links. */
export function listAddresses(socket: RouteSocket, links: readonly Link[]): readonly LinkAddress[] {
  const names = new Map(links.map((link) => [link.index, link.name]));
  return socket
    .dump(dumpOf('addresses'))
    .map(readAddress)
    .filter(present)
    .flatMap(({ index, address, connected }) => {
      const link = names.get(index);
      return link === undefined ? [] : [{ link, address, ...(connected ? { connected } : {}) }];
    });
}

/** The routes tagged as ours, in every table. */
export function listOwnRoutes(socket: RouteSocket, links: readonly Link[]): readonly Route[] {
  const names = new Map(links.map((link) => [link.index, link.name]));
  return socket
    .dump(dumpOf('routes'))
    .map(readRoute)
    .filter(present)
    .filter((fact) => fact.protocol === PROTOCOL)
    .flatMap(({ index, table, destination, gateway }) => {
      const link = names.get(index);
      if (link === undefined) return [];
      return [{ table, destination, link, ...(gateway === undefined ? {} : { gateway }) }];
    });
}

/** The whole network state that the diff looks at. */
export function observeNetwork(socket: RouteSocket): ObservedNetwork {
  const links = listLinks(socket);
  return {
    links,
    addresses: listAddresses(socket, links),
    routes: listOwnRoutes(socket, links),
    rules: listOwnRules(socket),
  };
}
