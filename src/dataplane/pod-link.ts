import { type IpAddress, isHostCidr } from '../addr/index.ts';
import { hostVethName, type PodIdentity, readPodAlias, takenOverAlias } from './names.ts';
import { DEAD_LINK_GROUP } from './owned.ts';
import type { Link, Route } from './types.ts';

/** The host end of a pod, and the alias it shall carry. */
export interface PodLink {
  readonly link: string;
  readonly alias: string;
}

/** One pod to be found. */
interface PodToFind {
  readonly pod: PodIdentity;
  readonly address: IpAddress;
  readonly vethPrefix: string;
}

/** Where pods are found. */
interface PodPlaces {
  readonly links: readonly Link[];
  /** Routes to single addresses, whoever made them. */
  readonly routes: readonly Route[];
}

/** The first item of each key. */
function firstBy<T, K>(items: readonly T[], key: (item: T) => K): ReadonlyMap<K, T> {
  // Of equal keys the last one written stays.
  return new Map(items.toReversed().map((item) => [key(item), item]));
}

const ownerKey = ({ network, containerId, ifName }: PodIdentity): string => `${network} ${containerId} ${ifName}`;

/**
 * Finds the host ends of pods: by the alias that names it, for the prefix of its name may have been another one then;
 * else, of a pod that another CNI plugin wired, by the route to its address; else by its name. A link that names another
 * sandbox, or that has the address of another one, is never taken: a new sandbox of a pod has the name of the old one's.
 */
export function podLinkFinder({ links, routes }: PodPlaces): (of: PodToFind) => PodLink | undefined {
  const live = links.filter(({ group }) => group !== DEAD_LINK_GROUP);
  const owned = live.flatMap((link) => {
    const owner = link.alias === undefined ? undefined : readPodAlias(link.alias);
    return owner === undefined || link.alias === undefined
      ? []
      : [{ owner, end: { link: link.name, alias: link.alias } }];
  });
  const named = firstBy(owned, ({ owner }) => ownerKey(owner));
  const nameless = new Set(live.filter(({ alias }) => alias === undefined).map(({ name }) => name));
  const reached = firstBy(
    routes.filter(({ destination }) => isHostCidr(destination)),
    ({ destination }) => destination.address,
  );
  const carried = Map.groupBy(routes, ({ link }) => link);
  return ({ pod, address, vethPrefix }) => {
    const own = named.get(ownerKey(pod));
    if (own !== undefined) return own.end;
    const byRoute = reached.get(address)?.link;
    if (byRoute !== undefined && nameless.has(byRoute)) return { link: byRoute, alias: takenOverAlias(pod) };
    const name = hostVethName(vethPrefix, pod);
    const isTaken = (carried.get(name) ?? []).some(({ destination }) => destination.address !== address);
    return isTaken || !nameless.has(name) ? undefined : { link: name, alias: takenOverAlias(pod) };
  };
}
