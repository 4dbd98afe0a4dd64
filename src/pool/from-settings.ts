import type { Settings } from '../config/index.ts';
import {
  type AddressMode,
  type InstanceLimits,
  maxPods,
  type PodRoomRequest,
  podRoom,
  supportsPrefixes,
} from '../vpc/index.ts';
import type { PoolLimits, PoolTargets } from './model/types.ts';

/** What a node of this type may hold under these settings. */
export function poolLimits(settings: Settings, limits: InstanceLimits): PoolLimits {
  const most = settings.MAX_ENI >= 1 ? settings.MAX_ENI : Number.POSITIVE_INFINITY;
  const cards = settings.ENABLE_MULTI_NIC ? limits.cards : [limits.maxEnis];
  return {
    cards: cards.map((enis, card) => ({ card, maxEnis: Math.min(most, enis) })),
    slotsPerEni: limits.ipv4PerEni - 1,
    maxPods: settings.MAX_PODS > 0 ? settings.MAX_PODS : podsOf(settings, limits),
  };
}

/** Pods with an address of their own that the node has room for: as many as the kubelet should be told. */
function podsOf(settings: Settings, limits: InstanceLimits): number {
  const customNetworking = settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG;
  if (!settings.ENABLE_PREFIX_DELEGATION && !settings.ENABLE_IPv6) return maxPods(limits, { customNetworking });
  return podRoom({ limits, mode: addressMode(settings), customNetworking }).maxPods;
}

/** How pods get addresses. A type without prefixes falls back to single addresses, as upstream does. */
export function poolTargets(settings: Settings, limits: InstanceLimits): PoolTargets {
  const prefixes = settings.ENABLE_PREFIX_DELEGATION && supportsPrefixes(limits);
  return {
    mode: settings.ENABLE_IPv6 ? 'ipv6' : prefixes ? 'prefix' : 'secondary',
    fallbackToAddresses: settings.ENABLE_PREFIX_FALLBACK,
    warmEni: settings.WARM_ENI_TARGET,
    warmIp: settings.WARM_IP_TARGET,
    minimumIp: settings.MINIMUM_IP_TARGET,
    warmPrefix: settings.WARM_PREFIX_TARGET,
  };
}

function addressMode({ ENABLE_IPv6, ENABLE_PREFIX_DELEGATION }: Settings): AddressMode {
  if (ENABLE_IPv6) return 'ipv6';
  return ENABLE_PREFIX_DELEGATION ? 'prefix' : 'secondary';
}

/** What decides how many pods the kubelet may take, as far as settings say it: as Amazon does, the first card alone counts. */
export function podRoomRequest(settings: Settings, limits: InstanceLimits): PodRoomRequest {
  return {
    limits,
    mode: addressMode(settings),
    customNetworking: settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
    mostEnis: settings.MAX_ENI >= 1 ? settings.MAX_ENI : undefined,
    mostAddressedPods: settings.MAX_PODS > 0 ? settings.MAX_PODS : undefined,
    trunk: settings.ENABLE_POD_ENI,
  };
}
