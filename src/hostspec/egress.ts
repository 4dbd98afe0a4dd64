import type { Settings } from '../config/index.ts';

/** The settings that decide over a second address family of pods. */
export type EgressSettings = Pick<Settings, 'ENABLE_IPv6' | 'ENABLE_V4_EGRESS' | 'ENABLE_V6_EGRESS'>;

/** The family that pods reach by the node beside the one they have addresses of the VPC in; `undefined` when none. */
export function egressFamily(settings: EgressSettings): 'ipv4' | 'ipv6' | undefined {
  if (settings.ENABLE_IPv6) return settings.ENABLE_V4_EGRESS ? 'ipv4' : undefined;
  return settings.ENABLE_V6_EGRESS ? 'ipv6' : undefined;
}

/**
 * Values of the conflist by family, upstream's. Our plugin keeps its addresses with the daemon and does not read
 * `ipam`; upstream's, which may be called with the same conflist, needs it.
 */
export const EGRESS_IPAM = {
  ipv4: { subnet: '169.254.172.0/22', destination: '0.0.0.0/0', dataDir: '/run/cni/v6pd/egress-v4-ipam' },
  ipv6: { subnet: 'fd00::ac:00/118', destination: '::/0', dataDir: '/run/cni/v4pd/egress-v6-ipam' },
} as const;
