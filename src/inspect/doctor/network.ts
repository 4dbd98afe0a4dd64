import { formatCidr, hostCidr, type IpAddress } from '../../addr/index.ts';
import type { Settings } from '../../config/index.ts';
import {
  DEAD_LINK_GROUP,
  egressFamilyOf,
  hostVethName,
  type Link,
  MAIN_TABLE,
  type ObservedNetwork,
  podLinkFinder,
  podRules,
  type Route,
  readBranchAlias,
  readPodAlias,
  ruleKey,
  usesMark,
  wantedHostNetwork,
} from '../../dataplane/index.ts';
import { podName } from '../explain/address.ts';
import { isWithin, type Notes } from '../explain/memory.ts';
import { type Finding, finding } from './finding.ts';

/** The settings that decide how the host's network shall be. */
export type NetworkSettings = Pick<
  Settings,
  | 'AWS_EXTERNAL_SERVICE_CIDRS'
  | 'AWS_VPC_CNI_NODE_PORT_SUPPORT'
  | 'AWS_VPC_ENI_MTU'
  | 'AWS_VPC_K8S_CNI_CONNMARK'
  | 'AWS_VPC_K8S_CNI_EXTERNALSNAT'
  | 'AWS_VPC_K8S_CNI_VETHPREFIX'
  | 'ENABLE_IPv6'
  | 'POD_MTU'
>;

/** Our notes of this boot, and the kernel. */
export interface NetworkFacts {
  readonly settings: NetworkSettings;
  readonly notes: Pick<Notes, 'enis' | 'allocations' | 'intents' | 'damage'>;
  readonly observed: ObservedNetwork;
  /** Whether our packet rules are as we made them; `undefined` where nobody can tell. */
  readonly packetRules: 'as made' | 'altered' | 'missing' | undefined;
}

type Eni = NetworkFacts['notes']['enis'][number];

const routeText = ({ table, destination, link, gateway }: Route): string =>
  `${formatCidr(destination)}${gateway === undefined ? '' : ` via ${gateway}`} dev ${link} table ${table === MAIN_TABLE ? 'main' : table}`;

/** The kernel's rules and routes by what they are, whoever made them: those of a node that was taken over are as good. */
function seen({ rules, foreignRules, routes, foreignRoutes, addresses }: ObservedNetwork) {
  return {
    rules: new Set([...rules, ...foreignRules.map(({ rule }) => rule)].map(ruleKey)),
    routes: new Set([...routes, ...foreignRoutes].map(routeText)),
    addresses: new Set(addresses.map(({ link, address }) => `${formatCidr(address)} dev ${link}`)),
  };
}
type Seen = ReturnType<typeof seen>;

/** The links of ENIs; one that is on its way out loses its link because we want it. */
function eniLinks({
  notes,
  observed,
}: NetworkFacts): readonly { readonly eni: Eni; readonly link: Link | undefined }[] {
  const leaving = new Set(notes.intents.flatMap(({ kind, key }) => (kind === 'delete-eni' ? [key] : [])));
  // A VLAN on an ENI has its MAC as well and is younger: the last one written stays, so the oldest comes last.
  const byMac = new Map(observed.links.toSorted((a, b) => b.index - a.index).map((link) => [link.mac, link]));
  return notes.enis.flatMap((eni) =>
    eni.attached === undefined || leaving.has(eni.facts.id) ? [] : [{ eni, link: byMac.get(eni.attached.mac) }],
  );
}

function mtuOf(link: Link, wanted: number): readonly Finding[] {
  return link.mtu === wanted ? [] : [finding('MTU_WRONG', `${link.name} has mtu ${link.mtu}, not ${wanted}`)];
}

function ofHost(facts: NetworkFacts, have: Seen, gone: ReadonlySet<string>): readonly Finding[] {
  const { settings } = facts;
  const enis = eniLinks(facts);
  const primary = enis.find(({ eni }) => eni.facts.primary)?.link;
  const ofLinks = enis.flatMap(({ eni, link }): readonly Finding[] => {
    const { id } = eni.facts;
    if (link === undefined)
      return gone.has(id) ? [] : [finding('ENI_LINK_MISSING', `${id} (${eni.attached?.mac}) has no link`)];
    if (!link.up) return [finding('ENI_LINK_DOWN', `${link.name} of ${id} is down`)];
    return mtuOf(link, settings.AWS_VPC_ENI_MTU);
  });
  if (primary === undefined) return ofLinks;
  const marks = usesMark({
    externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
    nodePort: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
  });
  const wanted = wantedHostNetwork({
    primaryLink: primary.name,
    // What hangs on a link that is down or missing goes with it, and is told by it.
    enis: enis.flatMap(({ eni, link }) =>
      eni.facts.primary || eni.attached === undefined || link?.up !== true
        ? []
        : [{ ...eni.attached, link: link.name, table: eni.facts.table }],
    ),
    externalServiceCidrs: settings.AWS_EXTERNAL_SERVICE_CIDRS,
    mark: marks && !settings.ENABLE_IPv6 ? settings.AWS_VPC_K8S_CNI_CONNMARK : undefined,
    mtu: settings.AWS_VPC_ENI_MTU,
  });
  const lacks = (has: ReadonlySet<string>, texts: readonly string[]) => texts.filter((text) => !has.has(text));
  return [
    ...ofLinks,
    ...lacks(
      have.addresses,
      wanted.addresses.map(({ link, address }) => `${formatCidr(address)} dev ${link}`),
    ).map((text) => finding('HOST_ADDRESS_MISSING', text)),
    ...lacks(have.routes, wanted.routes.map(routeText)).map((text) => finding('HOST_ROUTE_MISSING', text)),
    ...lacks(have.rules, wanted.rules.map(ruleKey)).map((text) => finding('HOST_RULE_MISSING', text)),
  ];
}

/** Finds the ENI with an address; a node has thousands of addresses in few CIDRs. */
function tableFinder(enis: readonly Eni[]): (address: IpAddress) => number | undefined {
  const single = new Map(enis.flatMap(({ facts, cidrs }) => cidrs.map((cidr) => [cidr, facts.table] as const)));
  const wide = enis.flatMap(({ facts, cidrs }) =>
    cidrs.filter((cidr) => !/\/(?:32|128)$/.test(cidr)).map((cidr) => ({ cidr, table: facts.table })),
  );
  return (address) => single.get(`${address}/32`) ?? wide.find(({ cidr }) => isWithin(cidr, address))?.table;
}

function ofPods({ settings, notes, observed }: NetworkFacts, have: Seen): readonly Finding[] {
  const vethPrefix = settings.AWS_VPC_K8S_CNI_VETHPREFIX;
  const own = observed.routes.filter(({ table }) => table === MAIN_TABLE);
  const find = podLinkFinder({ links: observed.links, routes: [...own, ...observed.foreignRoutes] });
  const links = new Map(observed.links.map((link) => [link.name, link]));
  const tableOf = tableFinder(notes.enis);
  return notes.allocations.flatMap(({ address, owner }): readonly Finding[] => {
    const pod = { ...owner, namespace: owner.podNamespace, name: owner.podName };
    const who = `${podName(owner)} (${address})`;
    const end = find({ pod, address, vethPrefix });
    const link = end === undefined ? undefined : links.get(end.link);
    if (link === undefined) {
      const name = hostVethName(vethPrefix, pod);
      return [finding('POD_LINK_MISSING', `${who}: no link is its host end, such as ${name}`)];
    }
    // The kernel takes the routes of a link that goes down.
    if (!link.up) return [finding('POD_LINK_DOWN', `${who}: ${link.name} is down`)];
    const table = tableOf(address);
    const rules = table === undefined ? [] : podRules(address, table).map(ruleKey);
    const route = routeText({ table: MAIN_TABLE, destination: hostCidr(address), link: link.name });
    return [
      ...mtuOf(link, settings.POD_MTU),
      ...(have.routes.has(route) ? [] : [finding('POD_ROUTE_MISSING', `${who}: ${route}`)]),
      ...rules.filter((rule) => !have.rules.has(rule)).map((rule) => finding('POD_RULE_MISSING', `${who}: ${rule}`)),
    ];
  });
}

/** Host ends of ours that no note knows. Pods with an ENI of their own and second families are noted elsewhere. */
function notNoted({ notes, observed }: NetworkFacts): readonly Finding[] {
  const key = ({ network, containerId, ifName }: { network: string; containerId: string; ifName: string }): string =>
    `${network}\n${containerId}\n${ifName}`;
  const noted = new Set(notes.allocations.map(({ owner }) => key(owner)));
  return observed.links.flatMap(({ name, alias, group }): readonly Finding[] => {
    if (alias === undefined || group === DEAD_LINK_GROUP || readBranchAlias(alias) !== undefined) return [];
    const pod = readPodAlias(alias);
    if (pod === undefined || egressFamilyOf(pod.ifName) !== undefined || noted.has(key(pod))) return [];
    const who = podName({ ...pod, podNamespace: pod.namespace, podName: pod.name });
    return [finding('POD_NOT_NOTED', `${name} is the host end of ${who}`)];
  });
}

function onHost({ notes, observed }: NetworkFacts): readonly Finding[] {
  const own = new Set<string>(notes.enis.flatMap(({ attached }) => attached?.primaryAddress ?? []));
  const tableOf = tableFinder(notes.enis);
  return observed.addresses.flatMap(({ link, address }) =>
    own.has(address.address) || tableOf(address.address) === undefined
      ? []
      : [finding('POD_ADDRESS_ON_HOST', `${link} has ${formatCidr(address)}`)],
  );
}

const PACKET_RULES = { altered: 'were altered', missing: 'are gone' } as const;

function ofPacketRules({ packetRules }: NetworkFacts): readonly Finding[] {
  if (packetRules === undefined || packetRules === 'as made') return [];
  return [finding('PACKET_RULES_CHANGED', `those of table ip vpc-cni ${PACKET_RULES[packetRules]}`)];
}

/**
 * What the daemon wrote down against what the kernel has: works whether the daemon lives or not. `gone` are ENIs that EC2
 * has taken away, of which is told already.
 */
export function diagnoseNetwork(facts: NetworkFacts, gone: ReadonlySet<string> = new Set()): readonly Finding[] {
  const have = seen(facts.observed);
  return [
    ...facts.notes.damage.map(({ file, reason }) => finding('STATE_DAMAGED', `${file}: ${reason}`)),
    ...ofHost(facts, have, gone),
    ...ofPods(facts, have),
    ...notNoted(facts),
    ...onHost(facts),
    ...ofPacketRules(facts),
  ];
}
