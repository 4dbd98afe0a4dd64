import type { Ipv4Cidr } from '../../addr/index.ts';
import { observeNetwork, type RouteSocket } from '../../kernel/index.ts';
import type { KernelFacts, PodAddress } from '../../pool/index.ts';

const single = (cidr: Ipv4Cidr | undefined): readonly PodAddress[] => (cidr?.prefixLength === 32 ? [cidr.address] : []);

/** What the kernel has now of ENIs' links and of addresses that could be pods'. */
export function kernelFacts(socket: RouteSocket): KernelFacts {
  const { links, rules, routes, addresses } = observeNetwork(socket);
  return {
    macs: new Set(links.flatMap(({ mac }) => mac ?? [])),
    hostAddresses: new Set(addresses.map(({ address }) => address.address)),
    routed: new Set([
      ...rules.flatMap(({ from, to }) => [...single(from), ...single(to)]),
      ...routes.flatMap(({ destination }) => single(destination)),
    ]),
  };
}
