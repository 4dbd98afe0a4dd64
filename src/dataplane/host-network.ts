import { hostCidr, type Ipv4Address, type Ipv4Cidr, parseIpv4Cidr, subnetGateway } from '../addr/index.ts';
import { MAIN_TABLE, PRIORITY } from './owned.ts';
import type { LinkAddress, Route, Rule } from './types.ts';

/** A secondary ENI that has become a link of this host. */
export interface EniLink {
  readonly link: string;
  readonly primaryAddress: Ipv4Address;
  readonly subnet: Ipv4Cidr;
  readonly table: number;
}

/** What the host's own network is made from, pods aside. */
export interface HostNetworkInput {
  readonly primaryLink: string;
  readonly enis: readonly EniLink[];
  readonly externalServiceCidrs: readonly Ipv4Cidr[];
  /** Mark of connections that must leave by the primary ENI; `undefined` when nothing sets it. */
  readonly mark: number | undefined;
  readonly mtu: number;
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
  const routes = input.enis.flatMap((eni): readonly Route[] => {
    const gateway = subnetGateway(eni.subnet);
    return [
      { table: eni.table, destination: hostCidr(gateway), link: eni.link },
      { table: eni.table, destination: parseIpv4Cidr('0.0.0.0/0'), gateway, link: eni.link },
    ];
  });
  const marked: readonly Rule[] =
    input.mark === undefined
      ? []
      : [{ priority: PRIORITY.primaryMark, mark: { value: input.mark, mask: input.mark }, table: MAIN_TABLE }];
  return {
    links: [input.primaryLink, ...input.enis.map((eni) => eni.link)].map((link) => ({ link, mtu: input.mtu })),
    addresses: input.enis.map((eni) => ({
      link: eni.link,
      address: { address: eni.primaryAddress, prefixLength: eni.subnet.prefixLength },
    })),
    routes,
    rules: [
      ...marked,
      ...input.externalServiceCidrs.map((to) => ({ priority: PRIORITY.externalService, to, table: MAIN_TABLE })),
      ...input.enis.map((eni) => ({
        priority: PRIORITY.fromEni,
        from: hostCidr(eni.primaryAddress),
        table: eni.table,
      })),
    ],
  };
}
