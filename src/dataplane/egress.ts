import {
  type IpAddress,
  type IpCidr,
  type IpFamily,
  ipv4FromNumber,
  ipv4ToNumber,
  ipv6FromBigInt,
  ipv6ToBigInt,
  isIpv6Address,
  parseIpv4,
  parseIpv4Cidr,
  parseIpv6Cidr,
} from '../addr/index.ts';
import type { PodIdentity } from './names.ts';
import { MAIN_TABLE, POD_GATEWAY } from './owned.ts';
import { type PodWiring, podWiring, type TakenOverEnds } from './pod.ts';
import type { Step } from './types.ts';

/** The second address family of pods: addresses that only this node knows, translated to the node's own on the way out. */
export interface EgressNetwork {
  readonly range: IpCidr;
  readonly gateway: IpAddress;
  /** The pod's interface of this family. */
  readonly ifName: string;
  /** The hosts of the range that pods can have: neither the network, nor the gateway, nor a broadcast address. */
  readonly firstHost: number;
  readonly lastHost: number;
}

/** By the family that pods get beside their own; ranges and names are upstream's. */
export const EGRESS: Readonly<Record<IpFamily, EgressNetwork>> = {
  ipv4: {
    range: parseIpv4Cidr('169.254.172.0/22'),
    gateway: parseIpv4('169.254.172.1'),
    ifName: 'v4if0',
    firstHost: 2,
    lastHost: 1022,
  },
  ipv6: {
    range: parseIpv6Cidr('fd00::ac:0/118'),
    gateway: POD_GATEWAY.ipv6,
    ifName: 'v6if0',
    firstHost: 2,
    lastHost: 1023,
  },
};

/** The address of one host of a range. */
export function egressAddress(family: IpFamily, host: number): IpAddress {
  const { address } = EGRESS[family].range;
  return isIpv6Address(address)
    ? ipv6FromBigInt(ipv6ToBigInt(address) + BigInt(host))
    : ipv4FromNumber(ipv4ToNumber(address) + host);
}

/** Which host of its range an address is; `undefined` when no pod can have it by egress. */
export function egressHost(family: IpFamily, address: IpAddress): number | undefined {
  const { range, firstHost, lastHost } = EGRESS[family];
  if (isIpv6Address(address) !== isIpv6Address(range.address)) return undefined;
  const host =
    isIpv6Address(address) && isIpv6Address(range.address)
      ? Number(ipv6ToBigInt(address) - ipv6ToBigInt(range.address))
      : !isIpv6Address(address) && !isIpv6Address(range.address)
        ? ipv4ToNumber(address) - ipv4ToNumber(range.address)
        : -1;
  return host >= firstHost && host <= lastHost ? host : undefined;
}

/** The next free host after the one given last, around the range: an address that was just left rests longest. */
export function nextEgressHost(family: IpFamily, taken: ReadonlySet<number>, last: number): number | undefined {
  const { firstHost, lastHost } = EGRESS[family];
  const count = lastHost - firstHost + 1;
  for (let step = 1; step <= count; step++) {
    const host = firstHost + ((last - firstHost + step + count) % count);
    if (!taken.has(host)) return host;
  }
  return undefined;
}

/** The family whose egress a pod's interface of this name serves. */
export function egressFamilyOf(ifName: string): IpFamily | undefined {
  if (ifName === EGRESS.ipv4.ifName) return 'ipv4';
  return ifName === EGRESS.ipv6.ifName ? 'ipv6' : undefined;
}

/**
 * Whose the second interface of a pod is. Without names the host end's name is made from the sandbox and the interface:
 * with names it would be that of eth0.
 */
export function egressIdentity(family: IpFamily, pod: Pick<PodIdentity, 'network' | 'containerId'>): PodIdentity {
  const { network, containerId } = pod;
  return { network, containerId, ifName: EGRESS[family].ifName, namespace: undefined, name: undefined };
}

/** An address with the length of a range. */
function within({ prefixLength }: IpCidr, address: IpAddress): IpCidr {
  return isIpv6Address(address) ? { address, prefixLength } : { address, prefixLength };
}

/**
 * How the second family of a pod is wired: a pair of its own, as that of the pod itself but without rules, for the main
 * table is its way out whatever ENI the pod's own address is on.
 */
export function egressWiring(input: {
  readonly family: IpFamily;
  readonly address: IpAddress;
  readonly pod: Pick<PodIdentity, 'network' | 'containerId'>;
  /** The pod's own interface, which carries only the other family. */
  readonly podIfName: string;
  readonly vethPrefix: string;
  readonly mtu: number;
  /** As in `podWiring`; then the way out of the pod is another one, which only its maker knows. */
  readonly takenOver?: TakenOverEnds | undefined;
}): PodWiring {
  const { family, address, vethPrefix, mtu, takenOver } = input;
  const { ifName, gateway, range } = EGRESS[family];
  const pod = egressIdentity(family, input.pod);
  const wiring = podWiring({ pod, address, table: MAIN_TABLE, vethPrefix, mtu, gateway, takenOver });
  // Upstream's has the whole range on the link, and the link-local address of the host's end for a gateway.
  const upstreams = (step: Step): readonly Step[] => {
    if (step.kind === 'add-address') return [{ ...step, address: { link: ifName, address: within(range, address) } }];
    return step.kind === 'set-link' ? [step] : [];
  };
  return {
    ...wiring,
    hostRules: [],
    podSteps: takenOver === undefined ? wiring.podSteps : wiring.podSteps.flatMap(upstreams),
    hostSteps: wiring.hostSteps.filter(({ kind }) => kind !== 'add-rule'),
    podSysctls:
      family === 'ipv4'
        ? wiring.podSysctls
        : { ...wiring.podSysctls, [`net/ipv6/conf/${input.podIfName}/disable_ipv6`]: '1' },
  };
}
