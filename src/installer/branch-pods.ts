import { DEAD_LINK_GROUP, isTakenOver, type Link, readBranchAlias, readPodAlias } from '../dataplane/index.ts';

/**
 * Pods with branch ENIs that we have wired, in words. Upstream's plugin unwires such a pod by what it wrote into the result
 * of its ADD, and ours has nothing of that: link, rules and table would stay. Pure.
 */
export function branchPodsOf(links: readonly Link[]): readonly string[] {
  return links.flatMap(({ alias = '', group }) => {
    const [branch, pod] = [readBranchAlias(alias), readPodAlias(alias)];
    if (branch === undefined || pod === undefined || group === DEAD_LINK_GROUP || isTakenOver(alias)) return [];
    return [`${pod.name === undefined ? pod.containerId : `${pod.namespace}/${pod.name}`} (${branch.address})`];
  });
}
