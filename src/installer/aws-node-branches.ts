import {
  type BranchEni,
  branchAlias,
  branchTableOf,
  branchWiring,
  DEAD_LINK_GROUP,
  modeOfHostEnd,
  type ObservedNetwork,
  podMacs,
  type Route,
  ruleKey,
  type Step,
  vethPrefixOf,
  vlanAlias,
  vlanLinkName,
} from '../dataplane/index.ts';
import { applySteps, RouteSocket } from '../kernel/index.ts';
import type { Owner } from '../pool/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import { type KeptBranch, parseKeptBranch } from './parse-kept-result.ts';

/** Where libcni keeps the results of ADDs. It is all that tells which pod has which branch ENI: aws-node notes nothing. */
export const KEPT_RESULTS = '/var/lib/cni/results';

/** A pod with a branch ENI that aws-node has wired. */
export interface AwsNodeBranch {
  readonly owner: Owner;
  readonly hostEnd: string;
  readonly branch: BranchEni;
}

/** The pods with branch ENIs, and in words those whose pod cannot be told. */
export interface AwsNodeBranches {
  readonly found: readonly AwsNodeBranch[];
  readonly unsupported: readonly string[];
}

/** What the runtime keeps of pods with branch ENIs, as far as their namespaces are still there. */
export function keptBranches(files: ReadFiles): readonly KeptBranch[] {
  return files
    .list(KEPT_RESULTS)
    .flatMap((name) => parseKeptBranch(files.read(`${KEPT_RESULTS}/${name}`) ?? '') ?? [])
    .filter(({ netns }) => netns === '' || files.fact(netns).kind !== 'absent');
}

const BRANCH_LINK = /^vlan\.eth\.(\d+)$/;

/** Finds the pods of the branch ENIs' links that nobody has named yet. Pure. */
export function findBranches({ links }: Pick<ObservedNetwork, 'links'>, kept: readonly KeptBranch[]): AwsNodeBranches {
  const nameless = new Set(
    links.filter(({ alias, group }) => alias === undefined && group !== DEAD_LINK_GROUP).map(({ name }) => name),
  );
  const found: AwsNodeBranch[] = [];
  const unsupported: string[] = [];
  for (const { name, mac } of links) {
    const vlanId = Number(BRANCH_LINK.exec(name)?.[1] ?? 0);
    if (vlanId === 0 || mac === undefined || !nameless.has(name)) continue;
    const pods = kept.filter((each) => each.vlanId === vlanId && nameless.has(each.hostEnd));
    const [pod, ...more] = pods;
    if (branchTableOf(vlanId) !== vlanId + 100)
      unsupported.push(`${name} has its routes in table ${vlanId + 100}, which is the kernel's own`);
    else if (pod === undefined) unsupported.push(`no result in ${KEPT_RESULTS} says which pod uses ${name}`);
    else if (more.length > 0)
      unsupported.push(`${pods.map(({ owner }) => owner.containerId).join(' and ')} both claim ${name}`);
    else {
      const { owner, hostEnd, address, gateway } = pod;
      found.push({ owner, hostEnd, branch: { vlanId, mac, address, gateway } });
    }
  }
  return { found, unsupported };
}

const identityOf = ({ podNamespace, podName, ...key }: Owner) => ({ ...key, namespace: podNamespace, name: podName });

/** The steps that write on the links of these pods whose they are: that is where the daemon reads it. */
export function namingSteps(pods: readonly AwsNodeBranch[]): readonly Step[] {
  return pods.flatMap(({ owner, hostEnd, branch }) => [
    { kind: 'set-link', link: hostEnd, alias: branchAlias(identityOf(owner), branch, 'aws-node') } as const,
    { kind: 'set-link', link: vlanLinkName(branch.vlanId), alias: vlanAlias(identityOf(owner)) } as const,
  ]);
}

/** Writes it. */
export function nameBranches(pods: readonly AwsNodeBranch[]): void {
  using socket = new RouteSocket();
  applySteps(socket, namingSteps(pods));
}

/** What pods with branch ENIs lack after a takeover, in words: the same links, with routes and rules of ours. Pure. */
export function unwiredBranches(
  pods: readonly AwsNodeBranch[],
  before: ObservedNetwork,
  after: ObservedNetwork,
): readonly string[] {
  const routeKey = ({ table, destination, link }: Route): string => `${table} ${destination.address} ${link}`;
  const routes = new Set(after.routes.map(routeKey));
  const rules = new Set(after.rules.map(ruleKey));
  return pods.flatMap(({ owner, hostEnd, branch }): readonly string[] => {
    const name = owner.podName === undefined ? owner.containerId : `${owner.podNamespace}/${owner.podName}`;
    const fault = (text: string): readonly string[] => [`pod ${name} (${branch.address}): ${text}`];
    const vlan = vlanLinkName(branch.vlanId);
    const pod = identityOf(owner);
    const macs = podMacs(pod);
    const wiring = branchWiring({
      ...{ pod, branch, trunk: '', mtu: 0 },
      ...{ mode: modeOfHostEnd(hostEnd), vethPrefix: vethPrefixOf(hostEnd) },
      takenOver: { host: { name: hostEnd, mac: macs.host }, containerMac: macs.container },
    });
    for (const link of [hostEnd, vlan]) {
      const [was, is] = [before, after].map(({ links }) => links.find((each) => each.name === link));
      if (is === undefined || is.index !== was?.index) return fault(`its link ${link} is gone`);
      if (!is.up) return fault(`its link ${link} is down`);
    }
    const wanted = [wiring.hostRoute, ...(wiring.branch?.routes ?? [])];
    const route = wanted.find((each) => !routes.has(routeKey(each)));
    if (route !== undefined) return fault(`table ${route.table} has no route of ours by ${route.link}`);
    const rule = wiring.hostRules.find((each) => !rules.has(ruleKey(each)));
    return rule === undefined ? [] : fault(`there is no rule of ours ${ruleKey(rule)}`);
  });
}
