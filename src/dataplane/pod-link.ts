import { type IpAddress, isHostCidr } from '../addr/index.ts';
import { hostVethName, type PodIdentity, readPodAlias, sameInterface, takenOverAlias } from './names.ts';
import { DEAD_LINK_GROUP } from './owned.ts';
import type { Link, Route } from './types.ts';

/** The host end of a pod, and the alias it shall carry. */
export interface PodLink {
  readonly link: string;
  readonly alias: string;
}

/**
 * Finds the host end of a pod: by the alias that names it, for the prefix of its name may have been another one then;
 * else, of a pod that another CNI plugin wired, by the route to its address; else by its name. A link that names another
 * sandbox, or that has the address of another one, is never taken: a new sandbox of a pod has the name of the old one's.
 */
export function linkOfPod(input: {
  readonly pod: PodIdentity;
  readonly address: IpAddress;
  readonly vethPrefix: string;
  readonly links: readonly Link[];
  /** Routes to single addresses, whoever made them. */
  readonly routes: readonly Route[];
}): PodLink | undefined {
  const { pod, address, routes } = input;
  const links = input.links.filter(({ group }) => group !== DEAD_LINK_GROUP);
  const named = links.find(({ alias }) => {
    const owner = alias === undefined ? undefined : readPodAlias(alias);
    return owner !== undefined && sameInterface(owner, pod);
  });
  if (named?.alias !== undefined) return { link: named.name, alias: named.alias };
  const nameless = links.filter(({ alias }) => alias === undefined);
  const reached = routes.find(({ destination }) => destination.address === address && isHostCidr(destination));
  const byRoute = nameless.find(({ name }) => name === reached?.link);
  if (byRoute !== undefined) return { link: byRoute.name, alias: takenOverAlias(pod) };
  const name = hostVethName(input.vethPrefix, pod);
  const isTaken = routes.some(({ link, destination }) => link === name && destination.address !== address);
  return isTaken || !nameless.some((link) => link.name === name)
    ? undefined
    : { link: name, alias: takenOverAlias(pod) };
}
