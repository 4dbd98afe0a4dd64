import type { BucketMode, Dial } from '../dials/index.ts';
import type { InstanceState, InterfaceType } from '../model/index.ts';
import type { PodView } from '../runtime/index.ts';
import type { AttachSpans } from '../scenario/index.ts';

/** Whether nodes are machines on a fabric, or instances that only the APIs know of. */
export type SimMode = 'fabric' | 'api-only';

/** An ENI as `sim status` shows it. */
export interface EniView {
  readonly id: string;
  readonly mac: string;
  readonly subnetId: string;
  /** `available` when it hangs on no instance. */
  readonly state: string;
  readonly deviceIndex?: number;
  readonly networkCardIndex?: number;
  /** What the node calls it; an ENI without a network device has none. */
  readonly link?: string;
  readonly interfaceType: InterfaceType;
  readonly addresses: readonly string[];
  readonly prefixes: readonly string[];
  readonly ipv6Addresses: readonly string[];
  readonly ipv6Prefixes: readonly string[];
}

/** A node as `sim status` shows it. */
export interface NodeView {
  readonly name: string;
  readonly instanceId: string;
  /** EC2's states; a terminated one is listed for an hour. */
  readonly state: InstanceState;
  readonly instanceType: string;
  readonly subnetId: string;
  readonly address: string;
  /** Its metadata service, for programs outside the node. */
  readonly imds: string;
  readonly enis: readonly EniView[];
  readonly pods: readonly PodView[];
}

/** A subnet as `sim status` shows it. */
export interface SubnetView {
  readonly id: string;
  readonly cidr: string;
  readonly ipv6?: string;
  readonly availabilityZone: string;
  /** IPv4 addresses nobody holds. */
  readonly free: number;
}

/** The simulator's own time. */
export interface ClockView {
  /** ISO 8601. */
  readonly now: string;
  /** Milliseconds it is ahead of this machine's clock; negative when behind. */
  readonly aheadMs: number;
  readonly ticking: boolean;
}

/** The whole simulated VPC. */
export interface SimStatus {
  readonly name: string;
  readonly pid: number;
  readonly mode: SimMode;
  /** The EC2 API on loopback. */
  readonly ec2: string;
  /** The metadata service on loopback: there, everybody is the first node. */
  readonly imds: string;
  /** Where orders are taken, on loopback. */
  readonly admin: string;
  readonly vpc: {
    readonly id: string;
    /** The primary network. */
    readonly cidr: string;
    readonly cidrs: readonly string[];
    readonly ipv6: readonly string[];
    readonly region: string;
  };
  readonly subnets: readonly SubnetView[];
  readonly nodes: readonly NodeView[];
  /** ENIs that hang on no instance. */
  readonly availableEnis: readonly EniView[];
  readonly dials: readonly Dial[];
  /** The token buckets of actions for which no dial names one. */
  readonly throttle: BucketMode;
  /** How long the next attaches and detaches take. */
  readonly times: AttachSpans;
  readonly clock: ClockView;
}
