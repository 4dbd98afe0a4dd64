import {
  anywhere,
  familyOf,
  hostCidr,
  type IpAddress,
  type IpCidr,
  isHostCidr,
  type MacAddress,
} from '../addr/index.ts';
import { FIRST_INTERFACE, nicIndex } from '../cniproto/index.ts';
import { furtherIndex, hostVethName, type PodIdentity, podAlias, podMacs, takenOverAlias } from './names.ts';
import { DEAD_LINK_GROUP, furtherGateway, MAIN_TABLE, POD_GATEWAY, PRIORITY } from './owned.ts';
import type { Route, Rule, Step, VethPair, VlanLink } from './types.ts';

/** Behind the metric the kernel gives IPv6 routes by itself. */
const FURTHER_METRIC = 2048;

/** Everything one pod interface is wired from. */
export interface PodInterface {
  readonly pod: PodIdentity;
  readonly address: IpAddress;
  /** Route table of the ENI that holds the address. */
  readonly table: number;
  readonly vethPrefix: string;
  readonly mtu: number;
  /** Where the pod sends everything, unless it is the gateway that every pod sees. */
  readonly gateway?: IpAddress;
  /** The host end's name where that is known: its alias, from which the pod was read, may have had no room for names. */
  readonly hostName?: string | undefined;
  /** The ends as another CNI plugin made them; then they stay as they are. */
  readonly takenOver?: TakenOverEnds | undefined;
}

/** The pair of a pod that another CNI plugin wired. */
export interface TakenOverEnds {
  readonly host: { readonly name: string; readonly mac: MacAddress };
  readonly containerMac: MacAddress;
}

/** A pod interface as values: the pair, the state on the host, the state in the pod, in the order to apply them. */
export interface PodWiring {
  readonly pod: PodIdentity;
  readonly veth: VethPair;
  readonly hostRoute: Route;
  readonly hostRules: readonly Rule[];
  readonly hostSteps: readonly Step[];
  readonly podSteps: readonly Step[];
  /** `net.ipv6` values of the host end, to be written before it comes up: it must not listen to a pod's router. */
  readonly hostSysctls: Readonly<Record<string, string>>;
  /** The link of the pod's own branch ENI, and how packets leave by it. */
  readonly branch?: { readonly vlan: VlanLink; readonly alias: string; readonly routes: readonly Route[] };
  /** Values of the pod's namespace, to be written before its interface comes up; none for an IPv4 pod. */
  readonly podSysctls: Readonly<Record<string, string>>;
}

/** Values of a pod's host end: it must not listen to a pod's router. */
export function hostEndSysctls(link: string): Readonly<Record<string, string>> {
  return {
    [`net/ipv6/conf/${link}/accept_ra`]: '0',
    [`net/ipv6/conf/${link}/accept_redirects`]: '1',
    [`net/ipv6/conf/${link}/forwarding`]: '0',
  };
}

/** The steps that give a pod a place to send everything to, by one of its interfaces; `further` counts those behind the first. */
function podRouteSteps(
  { link, address, gateway }: { readonly link: string; readonly address: IpAddress; readonly gateway: IpAddress },
  further: number | undefined,
): readonly Step[] {
  const from = hostCidr(address);
  const everything = { destination: anywhere(familyOf(address)), gateway, link };
  const toGateway: Step = { kind: 'replace-route', route: { table: MAIN_TABLE, destination: hostCidr(gateway), link } };
  if (further === undefined) return [toGateway, { kind: 'replace-route', route: { table: MAIN_TABLE, ...everything } }];
  // One on another network card never comes without the first: upstream's layout, to the letter.
  if (nicIndex(link) !== undefined)
    return [
      { kind: 'replace-route', route: { table: further, destination: hostCidr(gateway), link } },
      { kind: 'replace-route', route: { table: further, ...everything } },
      { kind: 'add-rule', rule: { priority: PRIORITY.fromNic, from, table: further } },
    ];
  // By a further one goes what has its address; everything else only where there is no first one.
  return [
    toGateway,
    { kind: 'replace-route', route: { table: further, ...everything } },
    { kind: 'add-rule', rule: { priority: PRIORITY.fromPod, from, table: further } },
    { kind: 'replace-route', route: { table: MAIN_TABLE, ...everything, metric: FURTHER_METRIC } },
  ];
}

/** The rules that belong to a pod address: to it by the main table, and from it by its ENI's own table. */
export function podRules(address: IpAddress, table: number): readonly Rule[] {
  const own = hostCidr(address);
  const toPod: Rule = { priority: PRIORITY.toPod, to: own, table: MAIN_TABLE };
  return table === MAIN_TABLE ? [toPod] : [toPod, { priority: PRIORITY.fromPod, from: own, table }];
}

/**
 * How a pod is wired: a /32 or /128 on its interface, everything by a gateway that exists only as a permanent neighbour entry
 * (no ARP, no bridge, no address on the host end), and on the host a route to it plus the rules above.
 */
export function podWiring(input: PodInterface): PodWiring {
  const { address, table, mtu, takenOver } = input;
  const macs =
    takenOver === undefined ? podMacs(input.pod) : { host: takenOver.host.mac, container: takenOver.containerMac };
  const host = takenOver?.host.name ?? input.hostName ?? hostVethName(input.vethPrefix, input.pod);
  const alias = takenOver === undefined ? podAlias(input.pod) : takenOverAlias(input.pod);
  const link = input.pod.ifName;
  const family = familyOf(address);
  // One that is given its gateway is the only one of its family.
  const further = link === FIRST_INTERFACE || input.gateway !== undefined ? undefined : furtherIndex(link);
  const gateway = input.gateway ?? (further === undefined ? POD_GATEWAY[family] : furtherGateway(family, further));
  const hostRoute: Route = { table: MAIN_TABLE, destination: hostCidr(address), link: host };
  const hostRules = podRules(address, table);
  return {
    pod: input.pod,
    veth: { host: { name: host, mac: macs.host }, container: { name: link, mac: macs.container }, mtu },
    hostRoute,
    hostRules,
    hostSteps: [
      { kind: 'set-link', link: host, mtu, up: true, alias },
      // The host end may not ask for an IPv6 address before its own is known to be unique, which takes a second or two.
      ...(family === 'ipv4' ? [] : [{ kind: 'set-neighbour', link: host, address, mac: macs.container } as const]),
      { kind: 'replace-route', route: hostRoute },
      ...hostRules.map((rule) => ({ kind: 'add-rule', rule }) as const),
    ],
    podSteps: [
      { kind: 'set-link', link, mtu, up: true },
      { kind: 'add-address', address: { link, address: hostCidr(address) } },
      ...podRouteSteps({ link, address, gateway }, further),
      { kind: 'set-neighbour', link, address: gateway, mac: macs.host },
    ],
    hostSysctls: hostEndSysctls(host),
    // A runtime may have turned IPv6 off in the sandbox.
    podSysctls:
      family === 'ipv4' ? {} : { 'net/ipv6/conf/lo/disable_ipv6': '0', [`net/ipv6/conf/${link}/disable_ipv6`]: '0' },
  };
}

/** Those of the observed rules that speak of this one address, and of nothing besides. */
export function rulesOfAddress(address: IpAddress, observed: readonly Rule[]): readonly Rule[] {
  const same = (cidr: IpCidr | undefined): boolean => cidr?.address === address && isHostCidr(cidr);
  return observed.filter((rule) => rule.input === undefined && (same(rule.to) || same(rule.from)));
}

/**
 * What undoes a pod on the host. The pair itself is only put into the group of dead links: removing one costs the
 * kernel an RCU grace period (15–30 ms), so the dead are removed together, later, or die with their namespace first.
 * `link` stays away when the host end is gone or carries another pod already.
 */
export function podUnwiring(input: {
  readonly address: IpAddress;
  readonly rules: readonly Rule[];
  readonly link: string | undefined;
}): readonly Step[] {
  const { address, link } = input;
  const rules = input.rules.map((rule) => ({ kind: 'remove-rule', rule }) as const);
  if (link === undefined) return rules;
  return [
    ...rules,
    { kind: 'remove-route', route: { table: MAIN_TABLE, destination: hostCidr(address), link } },
    { kind: 'set-link', link, group: DEAD_LINK_GROUP },
  ];
}
