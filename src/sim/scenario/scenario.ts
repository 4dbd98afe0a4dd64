import type { BucketSize, Dial } from '../dials/index.ts';

/** Milliseconds, or any time between two. */
export type Span = number | readonly [number, number];

/** A part of a subnet that is kept. */
export interface ReservationPlan {
  readonly cidr: string;
  readonly type: 'prefix' | 'explicit';
  readonly description?: string;
}

/** A subnet of the VPC. */
export interface SubnetPlan {
  readonly cidr: string;
  /** Letter or name of its availability zone; the first one unless given. */
  readonly zone?: string;
  /** Whether it gets a /64 of the VPC's IPv6 block. */
  readonly ipv6?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly reservations?: readonly ReservationPlan[];
  /** Strangers hold one address of every free /28, so that no prefix fits. */
  readonly fragmented?: boolean;
  /** Strangers hold all free addresses, or all but so many. */
  readonly exhausted?: boolean | number;
}

/** One rule; the other side is a network or the name of a group. */
export interface RulePlan {
  /** `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all. */
  readonly protocol: string;
  /** Port, or ICMP type; -1 is any type. */
  readonly from?: number;
  /** Last port, or ICMP code; without it the same port, or any code. */
  readonly to?: number;
  readonly peer: string;
}

/** A security group. Without `egress` everything may leave, as of a new group in EC2. */
export interface GroupPlan {
  readonly name: string;
  readonly description?: string;
  readonly ingress?: readonly RulePlan[];
  readonly egress?: readonly RulePlan[];
}

/** What an ENI begins with. */
export interface EniPlan {
  /** CIDR, zone or id of its subnet; the instance's, or else the first one, unless given. */
  readonly subnet?: string;
  /** Names or ids. */
  readonly securityGroups?: readonly string[];
  readonly secondaryAddresses?: number;
  readonly prefixes?: number;
  readonly ipv6Addresses?: number;
  readonly ipv6Prefixes?: number;
}

/** A further ENI of a node. */
export interface InterfacePlan extends EniPlan {
  readonly deviceIndex: number;
  readonly networkCard?: number;
  readonly type?: 'interface' | 'trunk' | 'efa' | 'efa-only';
  readonly description?: string;
  readonly deleteOnTermination?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A node; what stands here of an ENI is its primary one. */
export interface NodePlan extends EniPlan {
  readonly name: string;
  readonly type: string;
  readonly interfaces?: readonly InterfacePlan[];
  readonly userData?: string;
  readonly hopLimit?: number;
  /** Whether its metadata shows its tags. */
  readonly instanceTags?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

/** How EC2 throttles: by its documented buckets, not at all, or by these; actions without one keep EC2's. */
export type ThrottlePlan = 'ec2' | 'off' | Readonly<Record<string, BucketSize>>;

/** A whole situation. What is not given is as in a VPC that nobody has disturbed. */
export interface Scenario {
  /** One sentence: what the situation is. */
  readonly description?: string;
  readonly region?: string;
  /** Equal seeds give equal ids, MACs and chances. */
  readonly seed?: number;
  readonly vpc?: { readonly cidrs?: readonly string[]; readonly ipv6?: boolean };
  readonly subnets?: readonly SubnetPlan[];
  readonly securityGroups?: readonly GroupPlan[];
  readonly nodes?: readonly NodePlan[];
  readonly dials?: readonly Dial[];
  readonly throttle?: ThrottlePlan;
  readonly times?: {
    readonly attachMs?: Span;
    readonly detachMs?: Span;
    readonly launchMs?: number;
    readonly terminateMs?: number;
  };
  readonly clock?: {
    /** ISO 8601. */
    readonly at?: string;
    /** How far it is ahead of this machine's, such as `1h30m`. */
    readonly ahead?: string;
    readonly behind?: string;
    readonly stopped?: boolean;
  };
  /** When given, signatures are verified: with these, and with what the metadata service hands out. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What is wrong with a scenario, and where: a JSON pointer. */
export interface ScenarioFinding {
  readonly pointer: string;
  readonly message: string;
}
