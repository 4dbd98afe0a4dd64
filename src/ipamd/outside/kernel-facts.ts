import { type IpCidr, type IpFamily, isHostCidr } from '../../addr/index.ts';
import { observeNetwork, type RouteSocket } from '../../kernel/index.ts';
import type { KernelFacts, PodAddress } from '../../pool/index.ts';

const single = (cidr: IpCidr | undefined): readonly PodAddress[] =>
  cidr !== undefined && isHostCidr(cidr) ? [cidr.address] : [];

/** What the kernel has now of ENIs' links and, in these families, of addresses that could be pods'. */
export function kernelFacts(socket: RouteSocket, families: readonly IpFamily[]): KernelFacts {
  const { links, rules, routes, addresses } = observeNetwork(socket, families);
  return {
    macs: new Set(links.flatMap(({ mac }) => mac ?? [])),
    hostAddresses: new Set(addresses.map(({ address }) => address.address)),
    routed: new Set([
      ...rules.flatMap(({ from, to }) => [...single(from), ...single(to)]),
      ...routes.flatMap(({ destination }) => single(destination)),
    ]),
  };
}
