import type { Ipv4Address, Ipv4Cidr, Ipv6Cidr, MacAddress } from '../addr/index.ts';
import type { ErrorCode } from '../errors/index.ts';
import type { InstanceLimits } from '../vpc/index.ts';
import type { TrafficView } from './traffic.ts';

/** Who this instance is, as its metadata tells. */
export interface InstanceIdentity {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly subnetCidr: Ipv4Cidr;
  readonly primaryMac: MacAddress;
  readonly primaryAddress: Ipv4Address;
  /** Every IPv4 network of the VPC; traffic to these is not translated. */
  readonly vpcCidrs: readonly Ipv4Cidr[];
  readonly securityGroups: readonly string[];
  readonly primaryEniId: string;
}

/** EC2's attachment states (API reference, NetworkInterfaceAttachment). */
export type AttachmentState = 'attaching' | 'attached' | 'detaching' | 'detached';

/** How an ENI hangs on an instance. */
export interface EniAttachment {
  readonly id: string;
  /** Absent when the ENI is attached to something that is not an instance of this account. */
  readonly instanceId: string | undefined;
  readonly deviceIndex: number;
  readonly cardIndex: number;
  readonly state: AttachmentState;
  readonly deleteOnTermination: boolean;
}

/** Tags by key. */
export type Tags = Readonly<Record<string, string>>;

/** An ENI as EC2 describes it. */
export interface EniDescription {
  readonly id: string;
  readonly mac: MacAddress;
  readonly subnetId: string;
  /** Private IPv4 addresses, the primary one first; empty on an ENI that has none (EFA only, IPv6-only subnet). */
  readonly addresses: readonly Ipv4Address[];
  readonly primaryAddress: Ipv4Address | undefined;
  /** IPv4 prefixes (/28) and IPv6 prefixes (/80), host bits cleared. */
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
  readonly attachment: EniAttachment | undefined;
  /** `interface`, `efa`, `trunk`, `branch`, … */
  readonly interfaceType: string;
  readonly description: string;
  readonly tags: Tags;
  readonly securityGroups: readonly string[];
}

/** The EC2 actions this product calls. */
export type Ec2Action =
  | 'AssignIpv6Addresses'
  | 'AssignPrivateIpAddresses'
  | 'AttachNetworkInterface'
  | 'CreateNetworkInterface'
  | 'CreateTags'
  | 'DeleteNetworkInterface'
  | 'DescribeInstanceTypes'
  | 'DescribeNetworkInterfaces'
  | 'DescribeSubnets'
  | 'DetachNetworkInterface'
  | 'ModifyNetworkInterfaceAttribute'
  | 'UnassignIpv6Addresses'
  | 'UnassignPrivateIpAddresses';

/** What an ENI can be given: secondary addresses, /28 prefixes, or /80 prefixes. */
export type EniUnit = 'address' | 'prefix' | 'ipv6-prefix';

/** A subnet as EC2 describes it. */
export interface SubnetDescription {
  readonly id: string;
  readonly cidr: Ipv4Cidr;
  readonly availableAddresses: number;
  readonly tags: Tags;
}

/** One request that was answered, refused or lost. `code` is the error's; a request that succeeded has none. */
export interface Ec2Outcome {
  readonly action: Ec2Action;
  readonly code: ErrorCode | undefined;
  readonly ms: number;
}

/** A new ENI. Tags are set in the creating call itself, so that a crash right after it leaves nothing unmarked. */
export interface NewEni {
  readonly subnetId: string;
  readonly securityGroups: readonly string[];
  /** What it has beside its primary address, from the first moment on. */
  readonly holding: { readonly unit: EniUnit; readonly count: number };
  readonly description: string;
  readonly tags: Tags;
  /** Makes the call idempotent: the same token never creates a second ENI. */
  readonly clientToken: string;
}

/**
 * EC2 for one region. Every method is one request (a describe may take several pages), none retries, and all throw a
 * `HostError` made by `classifyEc2Error`: the caller owns the retry policy. A request of an action that EC2 refuses over
 * and over is not sent: it fails at once with the same code, and says until when.
 */
export interface Ec2 {
  /** Requests sent so far, by action, pages and failures included. */
  readonly calls: ReadonlyMap<Ec2Action, number>;
  /** What is not asked for at present, and why. */
  readonly traffic: TrafficView;
  describeEnis(request: { readonly instanceId: string }): Promise<readonly EniDescription[]>;
  /** `undefined` when EC2 has no such ENI. */
  describeEni(request: { readonly eniId: string }): Promise<EniDescription | undefined>;
  /** ENIs that carry every one of the tags, attached or not. */
  findEnis(request: { readonly tags: Tags }): Promise<readonly EniDescription[]>;
  /** Unattached ENIs of a VPC with the tag key, and with every one of the tags. */
  findUnattachedEnis(request: {
    readonly vpcId: string;
    readonly tagKey: string;
    readonly tags: Tags;
  }): Promise<readonly EniDescription[]>;
  createEni(request: NewEni): Promise<EniDescription>;
  /** The attachment's id. The link appears some time later. */
  attachEni(request: {
    readonly eniId: string;
    readonly instanceId: string;
    readonly deviceIndex: number;
    readonly cardIndex: number;
  }): Promise<string>;
  setDeleteOnTermination(request: { readonly eniId: string; readonly attachmentId: string }): Promise<void>;
  /** The new addresses. EC2 does not say which subnet is full: a failure names the one given here. */
  assignAddresses(request: {
    readonly eniId: string;
    readonly subnetId?: string | undefined;
    readonly count: number;
  }): Promise<readonly Ipv4Address[]>;
  unassignAddresses(request: { readonly eniId: string; readonly addresses: readonly Ipv4Address[] }): Promise<void>;
  /** The new /28s. Throws `SUBNET_FRAGMENTED` when the subnet has addresses but no free block. */
  assignPrefixes(request: {
    readonly eniId: string;
    readonly subnetId?: string | undefined;
    readonly count: number;
  }): Promise<readonly Ipv4Cidr[]>;
  unassignPrefixes(request: { readonly eniId: string; readonly prefixes: readonly Ipv4Cidr[] }): Promise<void>;
  /** The new /80s. */
  assignIpv6Prefixes(request: { readonly eniId: string; readonly count: number }): Promise<readonly Ipv6Cidr[]>;
  unassignIpv6Prefixes(request: { readonly eniId: string; readonly prefixes: readonly Ipv6Cidr[] }): Promise<void>;
  setSecurityGroups(request: { readonly eniId: string; readonly securityGroups: readonly string[] }): Promise<void>;
  tagEni(request: { readonly eniId: string; readonly tags: Tags }): Promise<void>;
  /** Every subnet of the VPC in the zone that has IPv4 addresses. */
  describeSubnets(request: {
    readonly vpcId: string;
    readonly availabilityZone: string;
  }): Promise<readonly SubnetDescription[]>;
  detachEni(request: { readonly attachmentId: string }): Promise<void>;
  deleteEni(request: { readonly eniId: string }): Promise<void>;
  describeInstanceType(request: { readonly instanceType: string }): Promise<InstanceLimits>;
}
