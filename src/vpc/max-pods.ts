import type { InstanceLimits } from './instance-limits.ts';
import { hasManyVcpus } from './vcpus.ts';

/** How pods get addresses: single secondary ones, or out of /28 prefixes. */
export type AddressMode = 'secondary' | 'prefix';

/** What decides how many pods fit on an instance. */
export interface PodRoomRequest {
  readonly limits: InstanceLimits;
  readonly mode: AddressMode;
  readonly customNetworking: boolean;
  /** Most ENIs to use (MAX_ENI); the type's own limit where it is less, or when this is absent. */
  readonly mostEnis?: number | undefined;
  /** Most pods with an address of their own (MAX_PODS). */
  readonly mostAddressedPods?: number | undefined;
}

/** How many pods fit, and why not more. */
export interface PodRoom {
  readonly instanceType: string;
  readonly maxPods: number;
  /** The mode that counts: prefixes need a type that knows them. */
  readonly mode: AddressMode;
  readonly customNetworking: boolean;
  /** ENIs that hold pods. */
  readonly enis: number;
  readonly addressesPerEni: number;
  /** Pods that EC2's limits leave room for, those on the host's network included. */
  readonly addressable: number;
  /** What Kubernetes and EKS are tested with on a machine of this size. */
  readonly ceiling: number;
  readonly limitedBy: 'addresses' | 'ceiling' | 'MAX_PODS';
  /** What a reader should know although it is no limit. */
  readonly notes: readonly string[];
}

/** Pods of a node that use its own network and need no address: the proxy and the agent that every EKS node runs. */
export const HOST_NETWORK_PODS = 2;

/** Addresses of a /28 prefix; it takes the place of one address of an ENI. */
const PREFIX_ADDRESSES = 16;

/** Amazon's recommendation: 110 pods up to 30 vCPUs, 250 above (EKS user guide, "Choosing an instance type"). */
const CEILING = { small: 110, large: 250 } as const;

/**
 * The number of pods EC2's limits leave room for with one secondary address per pod. An ENI's primary address belongs
 * to the node; with custom networking the whole primary ENI does.
 */
export function maxPods(limits: InstanceLimits, options: { readonly customNetworking?: boolean } = {}): number {
  const enis = options.customNetworking === true ? limits.maxEnis - 1 : limits.maxEnis;
  return enis * (limits.ipv4PerEni - 1) + HOST_NETWORK_PODS;
}

/** Reports whether ENIs of the type can hold prefixes: EC2 gives them to nitro and to bare metal only. */
export function supportsPrefixes(limits: InstanceLimits): boolean {
  return limits.hypervisor === 'nitro' || limits.bareMetal;
}

/** How many pods the kubelet of an instance should accept. Only ENIs of the default network card count. */
export function podRoom(request: PodRoomRequest): PodRoom {
  const { limits, customNetworking } = request;
  const mode = request.mode === 'prefix' && supportsPrefixes(limits) ? 'prefix' : 'secondary';
  const usable = Math.min(limits.maxEnis, request.mostEnis ?? limits.maxEnis);
  const enis = customNetworking ? usable - 1 : usable;
  const perEni = (limits.ipv4PerEni - 1) * (mode === 'prefix' ? PREFIX_ADDRESSES : 1);
  const addressable = enis * perEni + HOST_NETWORK_PODS;
  const ceiling = hasManyVcpus(limits.instanceType) ? CEILING.large : CEILING.small;
  const asked = (request.mostAddressedPods ?? Number.POSITIVE_INFINITY) + HOST_NETWORK_PODS;
  const count = Math.min(addressable, ceiling, asked);
  return {
    instanceType: limits.instanceType,
    maxPods: count,
    mode,
    customNetworking,
    enis,
    addressesPerEni: perEni,
    addressable,
    ceiling,
    limitedBy: count === addressable ? 'addresses' : count === ceiling ? 'ceiling' : 'MAX_PODS',
    notes: [
      ...(mode === request.mode
        ? []
        : [`${limits.instanceType} is not nitro and knows no prefixes: secondary addresses`]),
      ...(enis > 0 ? [] : ['custom networking leaves no ENI for pods: only pods on the host network fit']),
      ...(limits.cards.length === 1 ? [] : [`ENIs of the default network card only, of ${limits.cards.length} cards`]),
    ],
  };
}

/** The sum behind the number, for people. */
export function explainPodRoom(room: PodRoom): string {
  const { enis, addressesPerEni, addressable, ceiling, limitedBy } = room;
  const perEni =
    room.mode === 'prefix'
      ? `${addressesPerEni / PREFIX_ADDRESSES} prefixes × ${PREFIX_ADDRESSES}`
      : `${addressesPerEni} addresses`;
  const why = {
    addresses: `below the ceiling of ${ceiling}`,
    ceiling: `cut to ${ceiling}, the ceiling for ${ceiling === CEILING.large ? 'more than 30' : 'up to 30'} vCPUs`,
    MAX_PODS: `cut to ${room.maxPods} by MAX_PODS`,
  }[limitedBy];
  const ofPods = room.customNetworking ? ' (the primary one is the node’s: custom networking)' : '';
  return [
    `${room.instanceType}: ${enis} ${enis === 1 ? 'ENI' : 'ENIs'}${ofPods} × ${perEni} + ${HOST_NETWORK_PODS} pods on the host network = ${addressable}, ${why}`,
    ...room.notes.map((note) => `note: ${note}`),
  ].join('\n');
}
