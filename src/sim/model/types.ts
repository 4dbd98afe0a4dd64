import type { Ipv4Address, Ipv4Cidr, MacAddress } from '../../addr/index.ts';

/** A subnet of the simulated VPC. */
export interface SimSubnet {
  readonly id: string;
  readonly cidr: Ipv4Cidr;
  readonly availabilityZone: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A running instance. `name` is what people type (`node-a`); `id` is what EC2 calls it (`i-…`). */
export interface SimInstance {
  readonly id: string;
  readonly name: string;
  readonly instanceType: string;
  readonly subnetId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly launchedAt: number;
}

/** A security group. The model keeps its name and members; it filters no packet. */
export interface SimSecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** EC2's attachment states; the link exists in the instance only while `attached`. */
export type AttachmentState = 'attaching' | 'attached' | 'detaching';

/** How an ENI hangs on an instance. */
export interface SimAttachment {
  readonly id: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly state: AttachmentState;
  readonly deleteOnTermination: boolean;
  /** When the attach was asked for, in milliseconds since the epoch. */
  readonly attachedAt: number;
}

/** An elastic network interface; `addresses[0]` is its primary private address. */
export interface SimEni {
  readonly id: string;
  readonly mac: MacAddress;
  readonly subnetId: string;
  readonly description: string;
  readonly securityGroups: readonly string[];
  readonly addresses: readonly Ipv4Address[];
  readonly tags: Readonly<Record<string, string>>;
  readonly attachment: SimAttachment | undefined;
}

/**
 * What the fabric must follow. Emitted after the model has changed, in order. A new instance shows itself as the
 * `eni-attached` of its device 0. `eni-detached` comes as soon as an attached ENI starts to detach (its attachment
 * then reads `detaching`, or is gone when the instance was terminated): the guest loses the link before EC2 frees it.
 */
export type SimEvent =
  | { readonly kind: 'eni-attached'; readonly eni: SimEni }
  | { readonly kind: 'eni-detached'; readonly eni: SimEni; readonly instanceId: string }
  | { readonly kind: 'eni-addresses'; readonly eni: SimEni }
  | { readonly kind: 'instance-terminated'; readonly instance: SimInstance };
