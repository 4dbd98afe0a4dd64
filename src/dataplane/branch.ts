import { anywhere, familyOf, hostCidr, type IpAddress, type MacAddress, parseIp, parseMac } from '../addr/index.ts';
import { type PodIdentity, podAlias, TAKEN_OVER } from './names.ts';
import { branchTableOf, DEAD_LINK_GROUP, MAIN_TABLE, PRIORITY } from './owned.ts';
import { hostEndSysctls, type PodWiring, podRules, podWiring, type TakenOverEnds } from './pod.ts';
import type { Route, Rule, Step } from './types.ts';

/** Whether all packets of a pod with security groups of its own leave by its branch ENI, or those to the node do not. */
export type EnforcingMode = 'strict' | 'standard';

/** A branch ENI: one that has no link of its own and reaches the host as a VLAN of the trunk ENI. */
export interface BranchEni {
  readonly vlanId: number;
  readonly mac: MacAddress;
  readonly address: IpAddress;
  /** The router of its subnet. */
  readonly gateway: IpAddress;
}

/** Everything that a pod interface with a branch ENI of its own is wired from. */
export interface BranchInterface {
  readonly pod: PodIdentity;
  readonly branch: BranchEni;
  readonly mode: EnforcingMode;
  /** The link of the trunk ENI. */
  readonly trunk: string;
  readonly vethPrefix: string;
  readonly mtu: number;
  /** As in `podWiring`. */
  readonly hostName?: string | undefined;
  readonly takenOver?: TakenOverEnds | undefined;
}

/** Host ends in strict mode have this prefix, which Calico and the AWS network-policy agent look for after the ordinary one. */
export const STRICT_PREFIX = 'vlan';

/** What the names of branch ENIs' links begin with. */
export const BRANCH_LINK_PREFIX = 'vlan.eth.';

/** The name of a branch ENI's link. */
export function vlanLinkName(vlanId: number): string {
  return `${BRANCH_LINK_PREFIX}${vlanId}`;
}

const BRANCH = /^(.*) branch (\d+) (\S+) (\S+) (\S+)$/;
const VLAN_OWNER = 'vpc-cni-branch ';
// The kernel keeps 255 bytes of alias (IFALIASZ).
const ALIAS_MAX_BYTES = 255;

/** The alias of the host end: beside its owner the branch ENI, for there is no other note of it. */
export function branchAlias(
  pod: PodIdentity,
  { vlanId, mac, address, gateway }: BranchEni,
  wiredBy: 'us' | 'aws-node' = 'us',
): string {
  const end = wiredBy === 'us' ? '' : TAKEN_OVER;
  const alias = (of: PodIdentity): string => `${podAlias(of)} branch ${vlanId} ${mac} ${address} ${gateway}${end}`;
  return Buffer.byteLength(alias(pod)) <= ALIAS_MAX_BYTES ? alias(pod) : alias({ ...pod, name: undefined });
}

/** The branch ENI in the alias of a host end; `undefined` when the pod has none. */
export function readBranchAlias(alias: string): BranchEni | undefined {
  const [, , vlanId, mac, address, gateway] = BRANCH.exec(alias.replace(TAKEN_OVER, '')) ?? [];
  if (vlanId === undefined || mac === undefined || address === undefined || gateway === undefined) return undefined;
  try {
    return { vlanId: Number(vlanId), mac: parseMac(mac), address: parseIp(address), gateway: parseIp(gateway) };
  } catch {
    return undefined;
  }
}

/** The alias of a branch ENI's link. It names the sandbox, but is not the host end of one. */
export function vlanAlias({ network, containerId, ifName }: PodIdentity): string {
  return `${VLAN_OWNER}${network} ${containerId} ${ifName}`;
}

/** Reports whether the alias is one of `vlanAlias`. */
export function isVlanAlias(alias: string): boolean {
  return alias.startsWith(VLAN_OWNER);
}

/** The mode in which a host end was wired, by its name. */
export function modeOfHostEnd(name: string): EnforcingMode {
  return name.startsWith(STRICT_PREFIX) ? 'strict' : 'standard';
}

/** Values of a link by which packets of a pod with a branch ENI come to the host. */
export function branchSysctls(link: string): Readonly<Record<string, string>> {
  // The way back to the sender is not looked for in the branch's table: strict source validation would drop everything.
  return { ...hostEndSysctls(link), [`net/ipv4/conf/${link}/rp_filter`]: '2' };
}

/**
 * How a pod with security groups of its own is wired: as any other inside, on the host by the link and the table of its
 * branch ENI. In strict mode nothing but packets that come by that link reaches the pod, and nothing of it leaves by another.
 */
export function branchWiring(input: BranchInterface): PodWiring {
  const { pod, branch, mode, trunk, mtu, hostName, takenOver } = input;
  const { address, gateway, vlanId, mac } = branch;
  const table = branchTableOf(vlanId);
  const family = familyOf(address);
  const vethPrefix = mode === 'strict' ? STRICT_PREFIX : input.vethPrefix;
  const link = vlanLinkName(vlanId);
  const ordinary = podWiring({ pod, address, table, vethPrefix, mtu, hostName, takenOver });
  const host = ordinary.veth.host.name;
  const from = family === 'ipv6' ? { from: anywhere(family) } : {};
  const comingIn = (name: string): Rule => ({ priority: PRIORITY.branch, ...from, input: name, table });
  const hostRules = mode === 'strict' ? [comingIn(link), comingIn(host)] : podRules(address, table);
  const hostRoute: Route = {
    table: mode === 'strict' ? table : MAIN_TABLE,
    destination: hostCidr(address),
    link: host,
  };
  const routes: readonly Route[] = [
    { table, destination: hostCidr(gateway), link },
    { table, destination: anywhere(family), gateway, link },
  ];
  // The host asks for the router from the link's own address, which would not be certain for a second or two.
  const sysctls = { ...branchSysctls(link), [`net/ipv6/conf/${link}/accept_dad`]: '0' };
  const vlan = { name: link, id: vlanId, mac, parent: trunk, sysctls };
  const alias = vlanAlias(pod);
  return {
    ...ordinary,
    branch: { vlan, alias, routes },
    hostRoute,
    hostRules,
    hostSteps: [
      { kind: 'add-vlan', vlan },
      { kind: 'set-link', link, up: true, alias },
      ...routes.map((route) => ({ kind: 'replace-route', route }) as const),
      { kind: 'set-link', link: host, mtu, up: true, alias: branchAlias(pod, branch, takenOver && 'aws-node') },
      ...ordinary.hostSteps.filter(({ kind }) => kind === 'set-neighbour'),
      { kind: 'replace-route', route: hostRoute },
      ...hostRules.map((rule) => ({ kind: 'add-rule', rule }) as const),
    ],
    hostSysctls: branchSysctls(host),
  };
}

/**
 * What undoes a pod with a branch ENI on the host. Links only join the group of the dead, as with other pods. `hostEnd`: it
 * is still this sandbox's; `replaced`: the branch ENI, or its tag, is another sandbox's by now, and so is all that hangs on it.
 */
export function branchUnwiring(
  { branch, hostRoute, hostRules, veth }: PodWiring,
  { hostEnd, replaced }: { readonly hostEnd: boolean; readonly replaced: boolean },
): readonly Step[] {
  const bury = (link: string): Step => ({ kind: 'set-link', link, group: DEAD_LINK_GROUP });
  const dead = hostEnd ? [bury(veth.host.name)] : [];
  if (replaced || branch === undefined) return dead;
  return [
    ...hostRules.map((rule) => ({ kind: 'remove-rule', rule }) as const),
    ...[hostRoute, ...branch.routes].map((route) => ({ kind: 'remove-route', route }) as const),
    ...dead,
    bury(branch.vlan.name),
  ];
}
