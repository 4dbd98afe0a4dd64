import { formatCidr, subnetGateway } from '../../addr/index.ts';
import type { CidrAssociation, SimSubnet } from '../model/types.ts';
import {
  EC2_ADDRESS,
  IMDS_ADDRESS,
  INTERNET_ADDRESS,
  INTERNET_IPV6_ADDRESS,
  INTERNET_LINK,
  MTU,
  TRANSIT,
  VPC_LINK,
} from './addresses.ts';
import type { KernelFacts } from './links.ts';

/** What of the VPC the router knows before any ENI is there. */
export interface Ground {
  /** The router's address in every subnet. */
  readonly gateways: readonly string[];
  readonly cidrs: readonly string[];
  readonly ipv6Cidrs: readonly string[];
}

/** What the ground is read from. */
export interface GroundModel {
  subnets(): readonly SimSubnet[];
  cidrs(): readonly CidrAssociation[];
  ipv6Cidrs(): readonly CidrAssociation[];
}

/** The ground of the model as it is now. */
export function groundOf(model: GroundModel): Ground {
  return {
    gateways: model.subnets().map(({ cidr }) => subnetGateway(cidr)),
    cidrs: model.cidrs().map(({ cidr }) => formatCidr(cidr)),
    ipv6Cidrs: model.ipv6Cidrs().map(({ cidr }) => formatCidr(cidr)),
  };
}

/** Lines for `ip -batch`, in the router and in the internet. */
export interface GroundPlan {
  readonly router: readonly string[];
  readonly internet: readonly string[];
}

/** A VPC that has no network yet. */
export const NO_GROUND: Ground = { gateways: [], cidrs: [], ipv6Cidrs: [] };

/** Links and addresses that every VPC has. */
export function planFoundation(internetNetns: string, facts: Pick<KernelFacts, 'ipv6'>): GroundPlan {
  const ipv6 = (...lines: readonly string[]): readonly string[] => (facts.ipv6 ? lines : []);
  return {
    router: [
      'link set lo up',
      // Of scope host: what the router says of a packet that is too large must come from a gateway of the VPC.
      `addr add ${IMDS_ADDRESS}/32 dev lo scope host`,
      `link add ${INTERNET_LINK} mtu ${MTU.internet} type veth peer name ${VPC_LINK} mtu ${MTU.internet} netns ${internetNetns}`,
      `addr add ${formatCidr(TRANSIT.router)} dev ${INTERNET_LINK}`,
      ...ipv6(`addr add ${TRANSIT.routerIpv6}/64 dev ${INTERNET_LINK} nodad`),
      `link set ${INTERNET_LINK} up`,
      `route add default via ${TRANSIT.internet.address}`,
      ...ipv6(`route add default via ${TRANSIT.internetIpv6} dev ${INTERNET_LINK}`),
    ],
    internet: [
      'link set lo up',
      `addr add ${INTERNET_ADDRESS}/32 dev lo`,
      `addr add ${EC2_ADDRESS}/32 dev lo`,
      `addr add ${formatCidr(TRANSIT.internet)} dev ${VPC_LINK}`,
      ...ipv6(
        `addr add ${INTERNET_IPV6_ADDRESS}/128 dev lo`,
        `addr add ${TRANSIT.internetIpv6}/64 dev ${VPC_LINK} nodad`,
      ),
      `link set ${VPC_LINK} up`,
    ],
  };
}

/** The way between two states of the ground. */
export function planGround(before: Ground, after: Ground, facts: KernelFacts): GroundPlan {
  const ipv6 = (ground: Ground): readonly string[] => (facts.ipv6 ? ground.ipv6Cidrs : []);
  const gateways = difference(before.gateways, after.gateways);
  const networks = difference([...before.cidrs, ...ipv6(before)], [...after.cidrs, ...ipv6(after)]);
  return {
    router: [
      ...gateways.gone.map((address) => `addr del ${address}/32 dev lo`),
      ...networks.gone.map((network) => `route del ${deadEnd(network)}`),
      ...gateways.fresh.map((address) => `addr add ${address}/32 dev lo`),
      ...networks.fresh.map((network) => `route add ${deadEnd(network)}`),
    ],
    internet: [
      ...networks.gone.map((network) => `route del ${network} dev ${VPC_LINK}`),
      ...networks.fresh.map(
        (network) =>
          `route add ${network} via ${network.includes(':') ? TRANSIT.routerIpv6 : TRANSIT.router.address} dev ${VPC_LINK}`,
      ),
    ],
  };
}

/**
 * What nobody holds ends here, not on the internet. IPv4 is dropped on its way to `lo`, because proxy_arp answers only
 * for what has a way out; IPv6 packets the kernel would refuse there, with an answer EC2 does not give.
 */
const deadEnd = (network: string): string => (network.includes(':') ? `blackhole ${network}` : `${network} dev lo`);

function difference(
  before: readonly string[],
  after: readonly string[],
): { readonly gone: readonly string[]; readonly fresh: readonly string[] } {
  const [had, wanted] = [new Set(before), new Set(after)];
  return { gone: [...had].filter((word) => !wanted.has(word)), fresh: [...wanted].filter((word) => !had.has(word)) };
}
