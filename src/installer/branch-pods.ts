import {
  branchUnwiring,
  branchWiring,
  DEAD_LINK_GROUP,
  isTakenOver,
  isVlanAlias,
  type Link,
  modeOfHostEnd,
  readBranchAlias,
  readPodAlias,
  type Step,
  sameInterface,
  vethPrefixOf,
  vlanLinkName,
} from '../dataplane/index.ts';
import type { Owner } from '../pool/index.ts';

function readEnd({ name, alias = '', group, mtu }: Link) {
  const [branch, pod] = [readBranchAlias(alias), readPodAlias(alias)];
  if (branch === undefined || pod === undefined || group === DEAD_LINK_GROUP) return [];
  return [{ name, branch, pod, mtu, takenOver: isTakenOver(alias) }];
}

const isOneOf = (owners: readonly Owner[], pod: ReturnType<typeof readEnd>[number]['pod']): boolean =>
  owners.some(({ podNamespace: namespace, podName: name, ...key }) => sameInterface({ ...key, namespace, name }, pod));

/**
 * Pods with branch ENIs that we have wired, in words. Upstream's plugin unwires such a pod by what it wrote into the result
 * of its ADD, and ours has nothing of that: link, rules and table would stay. Those of `deleted` are gone to their runtime. Pure.
 */
export function branchPodsOf(links: readonly Link[], deleted: readonly Owner[]): readonly string[] {
  return links
    .flatMap(readEnd)
    .filter(({ pod, takenOver }) => !takenOver && !isOneOf(deleted, pod))
    .map(
      ({ pod, branch }) =>
        `${pod.name === undefined ? pod.containerId : `${pod.namespace}/${pod.name}`} (${branch.address})`,
    );
}

/** The steps that unwire pods with branch ENIs whose DEL was kept, and links of branch ENIs without a pod. Pure. */
export function branchRemoval(links: readonly Link[], deleted: readonly Owner[]): readonly Step[] {
  const ends = links.flatMap(readEnd);
  const gone = ends.filter(({ pod }) => isOneOf(deleted, pod));
  const used = new Set(ends.filter((end) => !gone.includes(end)).map(({ branch }) => vlanLinkName(branch.vlanId)));
  const unwiring = gone.flatMap(({ name, branch, pod, mtu }) => {
    const place = { mode: modeOfHostEnd(name), vethPrefix: vethPrefixOf(name), hostName: name, trunk: '', mtu };
    return branchUnwiring(branchWiring({ pod, branch, ...place }), { hostEnd: true, replaced: false });
  });
  const buried = new Set(gone.map(({ branch }) => vlanLinkName(branch.vlanId)));
  const stale = links.filter(
    ({ name, alias = '', group }) =>
      isVlanAlias(alias) && group !== DEAD_LINK_GROUP && !used.has(name) && !buried.has(name),
  );
  return [...unwiring, ...stale.map(({ name }) => ({ kind: 'set-link', link: name, group: DEAD_LINK_GROUP }) as const)];
}
