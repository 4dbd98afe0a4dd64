import type { Ipv4Address, Ipv4Cidr, Ipv6Address, Ipv6Cidr, MacAddress } from '../../addr/index.ts';

/** Tags of one object. */
export type Tags = Readonly<Record<string, string>>;

/** A network of either family. */
export type Cidr = Ipv4Cidr | Ipv6Cidr;

/** A block of addresses of the VPC; the first IPv4 one cannot be taken away. */
export interface CidrAssociation {
  /** `vpc-cidr-assoc-…`, or `subnet-cidr-assoc-…` for the IPv6 block of a subnet. */
  readonly id: string;
  readonly cidr: Cidr;
}

/** A subnet of the simulated VPC. */
export interface SimSubnet {
  readonly id: string;
  readonly cidr: Ipv4Cidr;
  /** Its /64 of the VPC's IPv6 block. */
  readonly ipv6: CidrAssociation | undefined;
  readonly availabilityZone: string;
  readonly mapPublicIpOnLaunch: boolean;
  readonly assignIpv6AddressOnCreation: boolean;
  readonly tags: Tags;
}

/** What a part of a subnet is kept for: prefixes only, or addresses asked for by name only (`explicit`). */
export interface CidrReservation {
  /** `scr-…`. */
  readonly id: string;
  readonly subnetId: string;
  readonly cidr: Cidr;
  readonly type: 'prefix' | 'explicit';
  readonly description: string;
  readonly tags: Tags;
}

/** EC2's instance states that exist here; stopping is not simulated. */
export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated';

/** How an instance may use its metadata service. */
export interface MetadataOptions {
  /** Hops the answer to a token request survives, 1 to 64. */
  readonly hopLimit: number;
  /** Whether version 1 is answered as well, which wants no token. */
  readonly tokensOptional: boolean;
  /** Whether `meta-data/tags/instance` is there. */
  readonly instanceTags: boolean;
}

/** An instance. `name` is what people type (`node-a`); `id` is what EC2 calls it (`i-…`). */
export interface SimInstance {
  readonly id: string;
  readonly name: string;
  readonly state: InstanceState;
  readonly instanceType: string;
  readonly imageId: string;
  readonly subnetId: string;
  /** As given, after base64; `undefined` when it has none. */
  readonly userData: Uint8Array | undefined;
  readonly metadata: MetadataOptions;
  readonly tags: Tags;
  /** Milliseconds since the epoch, like every time here. */
  readonly launchedAt: number;
  /** Shared by the instances of one RunInstances. */
  readonly reservationId: string;
  /** Its place among them. */
  readonly launchIndex: number;
  readonly terminatedAt: number | undefined;
}

/** Which traffic one rule of a security group lets pass. */
export interface SimSecurityRule {
  /** `sgr-…`. */
  readonly id: string;
  readonly direction: 'ingress' | 'egress';
  /** EC2's spelling: `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all. */
  readonly protocol: string;
  /** Ports, or ICMP type and code (-1: any); `undefined` for protocols without them. */
  readonly fromPort: number | undefined;
  readonly toPort: number | undefined;
  /** The other side: a network, or every ENI of a group. */
  readonly peer: { readonly cidr: Cidr } | { readonly groupId: string };
  readonly description: string;
}

/** A security group with its rules. */
export interface SimSecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SimSecurityRule[];
  readonly tags: Tags;
}

/** EC2's attachment states; the link exists in the instance only while `attached`. A `detached` one is forgotten. */
export type AttachmentState = 'attaching' | 'attached' | 'detaching';

/** How an ENI hangs on an instance. */
export interface SimAttachment {
  readonly id: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly state: AttachmentState;
  readonly deleteOnTermination: boolean;
  /** When the attach was asked for. */
  readonly attachedAt: number;
}

/** EC2's kinds of ENI. A `branch` hangs on a trunk by its VLAN; an `efa-only` one has no IP address. */
export type InterfaceType = 'interface' | 'trunk' | 'branch' | 'efa' | 'efa-only';

/** How a branch ENI hangs on a trunk ENI. */
export interface TrunkAssociation {
  /** `trunk-assoc-…`. */
  readonly id: string;
  readonly trunkEniId: string;
  /** 1 to 4094, never twice on one trunk. */
  readonly vlanId: number;
}

/** An elastic network interface; `addresses[0]` is its primary private address. */
export interface SimEni {
  readonly id: string;
  readonly mac: MacAddress;
  readonly interfaceType: InterfaceType;
  readonly subnetId: string;
  readonly description: string;
  readonly securityGroups: readonly string[];
  /** Empty only for `efa-only`. */
  readonly addresses: readonly Ipv4Address[];
  /** /28 each. */
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Addresses: readonly Ipv6Address[];
  /** /80 each. */
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
  /** Whether packets from or to addresses it does not hold are dropped. */
  readonly sourceDestCheck: boolean;
  readonly tags: Tags;
  readonly attachment: SimAttachment | undefined;
  /** Set on a branch ENI while it hangs on a trunk. */
  readonly trunk: TrunkAssociation | undefined;
  readonly createdAt: number;
}

/**
 * What the faces must follow. Emitted after the model has changed, in order. A new instance shows itself as the
 * `eni-attached` of its device 0. `eni-detached` comes as soon as an attached ENI starts to detach (its attachment
 * then reads `detaching`, or is gone when the instance was terminated): the guest loses the link before EC2 frees it.
 */
export type SimEvent =
  | { readonly kind: 'eni-attached'; readonly eni: SimEni }
  | { readonly kind: 'eni-detached'; readonly eni: SimEni; readonly instanceId: string }
  /** Its addresses, prefixes, groups, source/destination check or trunk association have changed. */
  | { readonly kind: 'eni-changed'; readonly eni: SimEni }
  | { readonly kind: 'eni-deleted'; readonly eni: SimEni }
  /** Pending: whoever simulates machines makes one now, then calls `completeLaunch`. */
  | { readonly kind: 'instance-launched'; readonly instance: SimInstance }
  /** Its metadata options or tags have changed. */
  | { readonly kind: 'instance-changed'; readonly instance: SimInstance }
  | { readonly kind: 'instance-rebooted'; readonly instance: SimInstance }
  | { readonly kind: 'instance-terminated'; readonly instance: SimInstance }
  /** New, or with other rules. */
  | { readonly kind: 'group-changed'; readonly group: SimSecurityGroup }
  | { readonly kind: 'group-deleted'; readonly groupId: string }
  /** A subnet or a CIDR of the VPC came or went: read `subnets()` and `cidrs()` again. */
  | { readonly kind: 'vpc-changed' };
