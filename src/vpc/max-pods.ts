import { branchEnisOf } from './branch-enis.ts';
import { type InstanceLimits, supportsIpv6 } from './instance-limits.ts';
import { hasManyVcpus } from './vcpus.ts';

/** How pods get addresses: single secondary ones, out of /28 prefixes, or out of one /80. */
export type AddressMode = 'secondary' | 'prefix' | 'ipv6';

/** Every mode by name. */
export const ADDRESS_MODES = ['secondary', 'prefix', 'ipv6'] as const satisfies readonly AddressMode[];

/** What decides how many pods fit on an instance. */
export interface PodRoomRequest {
  readonly limits: InstanceLimits;
  readonly mode: AddressMode;
  readonly customNetworking: boolean;
  /** Most ENIs to use (MAX_ENI); the type's own limit where it is less, or when this is absent. */
  readonly mostEnis?: number | undefined;
  /** Most pods with an address of their own (MAX_PODS). */
  readonly mostAddressedPods?: number | undefined;
  /** ENIs kept for something else, such as a second network of the host. */
  readonly reservedEnis?: number | undefined;
  /** Whether ENIs of every network card serve pods; those of the default card only where this is absent. */
  readonly allCards?: boolean | undefined;
  /** Whether one ENI becomes the trunk of pods with security groups of their own (ENABLE_POD_ENI). */
  readonly trunk?: boolean | undefined;
  /** Whether the number may be above what Kubernetes and EKS are tested with. */
  readonly noCeiling?: boolean | undefined;
}

/** How many pods fit, and why not more. */
export interface PodRoom {
  readonly instanceType: string;
  readonly maxPods: number;
  /** The mode that counts: prefixes need a type that knows them. */
  readonly mode: AddressMode;
  readonly customNetworking: boolean;
  /** Network cards whose ENIs serve pods. */
  readonly cards: number;
  /** ENIs that hold pods. */
  readonly enis: number;
  readonly reservedEnis: number;
  readonly addressesPerEni: number;
  /** Pods that EC2's limits leave room for, those on the host's network included. */
  readonly addressable: number;
  /** What Kubernetes and EKS are tested with on a machine of this size. */
  readonly ceiling: number;
  readonly limitedBy: 'addresses' | 'ceiling' | 'MAX_PODS';
  /** ENI slots the trunk takes: 1, or 0 without one. */
  readonly trunk: 0 | 1;
  /** Pods with security groups of their own that the trunk carries; they are not added to the number. */
  readonly branchEnis: number;
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

/** ENIs for pods, and who has the others. */
interface Share {
  readonly enis: number;
  readonly trunk: 0 | 1;
}

/** MAX_ENI bounds each card; custom networking, the trunk and what is reserved are taken off once. */
function shareOf(request: PodRoomRequest): Share {
  const { limits, mostEnis = Number.POSITIVE_INFINITY } = request;
  const cards = request.allCards === true ? limits.cards : [limits.maxEnis];
  const usable = cards.reduce((sum, card) => sum + Math.min(card, mostEnis), 0);
  const trunk = request.trunk === true && branchEnisOf(limits.instanceType) > 0 ? 1 : 0;
  const taken = (request.customNetworking ? 1 : 0) + (request.reservedEnis ?? 0) + trunk;
  return { enis: Math.max(0, usable - taken), trunk };
}

/** The mode that counts for a type; `undefined` when the one asked for gives pods nothing. */
function modeFor({ mode, limits }: PodRoomRequest): AddressMode | undefined {
  if (mode === 'secondary' || supportsPrefixes(limits)) {
    return mode !== 'ipv6' || supportsIpv6(limits.instanceType) ? mode : undefined;
  }
  return mode === 'prefix' ? 'secondary' : undefined;
}

function notesOf(request: PodRoomRequest, mode: AddressMode | undefined, { enis, trunk }: Share): readonly string[] {
  const { limits, customNetworking } = request;
  const { instanceType, cards } = limits;
  const notes: string[] = [];
  if (mode === undefined) notes.push(`${instanceType} knows no IPv6 prefixes: only pods on the host network fit`);
  else if (mode !== request.mode) notes.push(`${instanceType} is not nitro and knows no prefixes: secondary addresses`);
  if (mode === 'ipv6') notes.push('one /80 has no end: the number is that of /28 prefixes, as Amazon counts it');
  if (enis === 0 && mode !== undefined)
    notes.push(
      customNetworking
        ? 'custom networking leaves no ENI for pods: only pods on the host network fit'
        : 'no ENI is left for pods: only pods on the host network fit',
    );
  if (cards.length > 1 && request.allCards !== true)
    notes.push(`ENIs of the default network card only, of ${cards.length} cards`);
  if (trunk === 1)
    notes.push(
      `the trunk takes one ENI, and carries up to ${branchEnisOf(instanceType)} pods with security groups of their own`,
    );
  else if (request.trunk === true) notes.push(`${instanceType} takes no trunk: no pod has security groups of its own`);
  return notes;
}

/** How many pods the kubelet of an instance should accept. */
export function podRoom(request: PodRoomRequest): PodRoom {
  const { limits, customNetworking } = request;
  const mode = modeFor(request);
  const { enis, trunk } = shareOf(request);
  const share: Share = { enis: mode === undefined ? 0 : enis, trunk };
  // With IPv6 the memory behind a pod is the limit, and grows with the type as its ENIs do.
  const perEni = (limits.ipv4PerEni - 1) * (mode === 'secondary' ? 1 : PREFIX_ADDRESSES);
  const addressable = share.enis * perEni + HOST_NETWORK_PODS;
  const ceiling = hasManyVcpus(limits.instanceType) ? CEILING.large : CEILING.small;
  const most = request.noCeiling === true ? addressable : ceiling;
  const asked = (request.mostAddressedPods ?? Number.POSITIVE_INFINITY) + HOST_NETWORK_PODS;
  const count = Math.min(addressable, most, asked);
  return {
    instanceType: limits.instanceType,
    maxPods: count,
    mode: mode ?? request.mode,
    customNetworking,
    cards: request.allCards === true ? limits.cards.length : 1,
    enis: share.enis,
    reservedEnis: request.reservedEnis ?? 0,
    addressesPerEni: perEni,
    addressable,
    ceiling,
    limitedBy: count === addressable ? 'addresses' : count === most ? 'ceiling' : 'MAX_PODS',
    trunk: share.trunk,
    branchEnis: share.trunk === 0 ? 0 : branchEnisOf(limits.instanceType),
    notes: notesOf(request, mode, share),
  };
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Why fewer ENIs than the type has: said in brackets behind them. */
function takenFrom(room: PodRoom): string {
  const others = [
    ...(room.customNetworking ? ['the primary one is the node’s: custom networking'] : []),
    ...(room.reservedEnis > 0 ? [`${room.reservedEnis} reserved`] : []),
    ...(room.trunk > 0 ? ['one is the trunk'] : []),
    ...(room.cards > 1 ? [`of ${room.cards} cards`] : []),
  ];
  return others.length === 0 ? '' : ` (${others.join('; ')})`;
}

/** The sum behind the number, for people. */
export function explainPodRoom(room: PodRoom): string {
  const { enis, addressesPerEni, addressable, ceiling, limitedBy, maxPods: count } = room;
  const perEni =
    room.mode === 'secondary'
      ? `${addressesPerEni} addresses`
      : `${addressesPerEni / PREFIX_ADDRESSES} prefixes × ${PREFIX_ADDRESSES}`;
  const size = ceiling === CEILING.large ? 'more than 30' : 'up to 30';
  const beyond = addressable > ceiling ? `above the ceiling of ${ceiling} for ${size} vCPUs` : undefined;
  const why = {
    addresses: beyond ?? `below the ceiling of ${ceiling}`,
    ceiling: `cut to ${ceiling}, the ceiling for ${size} vCPUs`,
    MAX_PODS: `cut to ${count} by MAX_PODS`,
  }[limitedBy];
  return [
    `${room.instanceType}: ${plural(enis, 'ENI')}${takenFrom(room)} × ${perEni} + ${HOST_NETWORK_PODS} pods on the host network = ${addressable}, ${why}`,
    ...room.notes.map((note) => `note: ${note}`),
  ].join('\n');
}
