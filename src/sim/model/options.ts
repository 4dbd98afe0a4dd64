import type { Ipv4Cidr } from '../../addr/index.ts';
import type { Quotas } from './state.ts';
import type { SubnetRequest } from './subnets.ts';

/** How a VPC starts. */
export interface SimVpcOptions {
  /** IPv4 networks, the primary one first; 10.0.0.0/16 unless given. */
  readonly cidrs?: readonly Ipv4Cidr[];
  /** Gives the VPC a /56 of IPv6 addresses. */
  readonly ipv6?: boolean;
  readonly subnets?: readonly SubnetRequest[];
  readonly region?: string;
  readonly ownerId?: string;
  /** Equal seeds give equal ids, MACs and IPv6 addresses. */
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long EC2 takes to attach and to detach an ENI. The model only carries them; who serves it waits. */
  readonly attachMs?: number;
  readonly detachMs?: number;
  /** How long an instance is pending, and shutting down. */
  readonly launchMs?: number;
  readonly terminateMs?: number;
  readonly keepCalls?: number;
  readonly quotas?: Partial<Quotas>;
}
