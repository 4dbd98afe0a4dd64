import {
  anywhere,
  familyOf,
  hostCidr,
  type IpAddress,
  type IpFamily,
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Cidr,
  subnetGateway,
} from '../addr/index.ts';
import { localRule } from './local-rule.ts';
import { LOCAL_TABLE, MAIN_TABLE, PRIORITY, VPC_ROUTER_IPV6 } from './owned.ts';
import type { LinkAddress, Route, Rule } from './types.ts';

/** A secondary ENI that has become a link of this host. */
export interface EniLink {
  readonly link: string;
  readonly primaryAddress: Ipv4Address;
  readonly subnet: Ipv4Cidr;
  readonly table: number;
  /** Where pods have IPv6 addresses: those of the ENI itself, with the subnet's length; it needs none to carry pods. */
  readonly ipv6?: { readonly addresses: readonly Ipv6Cidr[] };
  /** The trunk of branch ENIs: the host sends nothing from its address. */
  readonly trunk?: boolean;
}

/** ICMPv6, and with it the questions and answers about who a neighbour is. */
const ICMPV6 = 58;

/** What the host's own network is made from, pods aside. */
export interface HostNetworkInput {
  readonly primaryLink: string;
  readonly enis: readonly EniLink[];
  readonly externalServiceCidrs: readonly Ipv4Cidr[];
  /** Mark of connections that must leave by the primary ENI; `undefined` when nothing sets it. */
  readonly mark: number | undefined;
  readonly mtu: number;
  /**
   * Families in which packets of pods with security groups of their own always leave by the branch ENI, those to the host
   * itself too: there the table of the host's addresses comes after the rules of those pods.
   */
  readonly localLast?: readonly IpFamily[];
}

/** The wanted state of the host, pods aside. */
export interface HostNetwork {
  readonly links: readonly { readonly link: string; readonly mtu: number }[];
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

/**
 * Wanted links, addresses, routes and rules. Each secondary ENI has a table of its own with the subnet's router as
 * default route; its connected subnet route stays out of main, so that the primary ENI keeps owning the subnet.
 */
export function wantedHostNetwork(input: HostNetworkInput): HostNetwork {
  const wayOut = ({ table, link }: EniLink, gateway: IpAddress): readonly Route[] => [
    { table, destination: hostCidr(gateway), link },
    { table, destination: anywhere(familyOf(gateway)), gateway, link },
  ];
  const fromEni = ({ table }: EniLink, address: IpAddress): Rule => ({
    priority: PRIORITY.fromEni,
    from: hostCidr(address),
    table,
  });
  const marked: readonly Rule[] =
    input.mark === undefined
      ? []
      : [{ priority: PRIORITY.primaryMark, mark: { value: input.mark, mask: input.mark }, table: MAIN_TABLE }];
  return {
    links: [input.primaryLink, ...input.enis.map((eni) => eni.link)].map((link) => ({ link, mtu: input.mtu })),
    addresses: input.enis.flatMap(({ link, primaryAddress, subnet, ipv6 }) => [
      { link, address: { address: primaryAddress, prefixLength: subnet.prefixLength } },
      ...(ipv6?.addresses ?? []).map((address) => ({ link, address })),
    ]),
    routes: input.enis.flatMap((eni) => [
      ...wayOut(eni, subnetGateway(eni.subnet)),
      ...(eni.ipv6 === undefined ? [] : wayOut(eni, VPC_ROUTER_IPV6)),
    ]),
    rules: [
      ...(input.localLast ?? []).flatMap(localLastRules),
      ...marked,
      ...input.externalServiceCidrs.map((to) => ({ priority: PRIORITY.externalService, to, table: MAIN_TABLE })),
      ...input.enis
        .filter(({ trunk }) => trunk !== true)
        .flatMap((eni) => [
          fromEni(eni, eni.primaryAddress),
          ...(eni.ipv6?.addresses ?? []).map(({ address }) => fromEni(eni, address)),
        ]),
    ],
  };
}

/** The router's answers to who it is come by a branch ENI's link, and are for the host all the same. */
function localLastRules(family: IpFamily): readonly Rule[] {
  const local = localRule(family, PRIORITY.localBehindBranches);
  if (family === 'ipv4') return [local];
  return [local, { priority: PRIORITY.first, from: hostCidr(VPC_ROUTER_IPV6), ipProtocol: ICMPV6, table: LOCAL_TABLE }];
}
