import type { Ipv4Address, Ipv6Address } from '../../addr/index.ts';

/** An address of a pod, of either family, in canonical spelling. */
export type PodAddress = Ipv4Address | Ipv6Address;

/** The primary key of an allocation, as upstream has it: one interface of one sandbox in one network. */
export interface OwnerKey {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** Who holds an address, with the pod's names where the runtime tells them. */
export interface Owner extends OwnerKey {
  readonly podNamespace: string | undefined;
  readonly podName: string | undefined;
}

/** What an address is doing when it is not simply free: only a free one can be handed out or given back to EC2. */
export type AddressUse =
  /** `since`: nanoseconds since the epoch, exact. */
  | { readonly kind: 'assigned'; readonly owner: Owner; readonly since: bigint }
  /** Rests after its pod has gone, so that nobody still talking to that pod reaches the next one. */
  | { readonly kind: 'cooldown'; readonly untilMs: number }
  /** Something outside the pool says that the address is in use or not ours: neither handed out nor given back. */
  | { readonly kind: 'quarantine'; readonly reason: QuarantineReason; readonly sinceMs: number };

/** Why an address is kept out of use: a host link has it, the kernel still routes it to a pod, or EC2 no longer lists it. */
export type QuarantineReason = 'host-link' | 'kernel' | 'not-in-ec2';

/** One secondary address (/32), one IPv4 prefix (/28) or one IPv6 prefix (/80) of an ENI. */
export interface PoolCidr {
  /** Canonical network text such as `10.0.0.5/32`; the key of the CIDR. */
  readonly cidr: string;
  readonly kind: 'address' | 'prefix' | 'ipv6-prefix';
  /** Number of addresses: 1, 16 or 2^48. */
  readonly size: number;
  /** Uses of addresses that are not free. An address that is absent is free. Never materialised beyond what is used. */
  readonly uses: ReadonlyMap<PodAddress, AddressUse>;
  /** On its way back to EC2: none of its addresses can be handed out. */
  readonly releasing: boolean;
}

/** What an ENI is good for. `no-new-pods`: its subnet is tagged out, or custom networking spares the primary one. */
export type EniService = 'pods' | 'no-new-pods';

/** A managed ENI with its addresses. */
export interface PoolEni {
  readonly id: string;
  readonly card: number;
  readonly device: number;
  readonly table: number;
  readonly primary: boolean;
  readonly subnetId: string;
  /** Monotonic ms, as all times of the pool but `since`; a young ENI is not given back. */
  readonly attachedAtMs: number;
  readonly service: EniService;
  /** EFA interfaces may carry pods and are never deleted. */
  readonly efa: boolean;
  readonly leaving: boolean;
  readonly cidrs: ReadonlyMap<string, PoolCidr>;
}

/** An address with its owner and the ENI that holds it; an orphan has no ENI. */
export interface Allocation {
  readonly address: PodAddress;
  readonly owner: Owner;
  readonly since: bigint;
  readonly eni: Pick<PoolEni, 'id' | 'card' | 'device' | 'table'> | undefined;
}

/** An allocation as it was written down, not yet placed on an ENI. */
export type Orphan = Omit<Allocation, 'eni'>;

/** A device number of a card that an ENI of no use to us holds: trunk, EFA only, unmanaged, or still going away. */
export interface ForeignDevice {
  readonly card: number;
  readonly device: number;
  readonly eniId: string;
  readonly why: 'trunk' | 'efa-only' | 'unmanaged' | 'unusable' | 'detaching';
}

/** Growth that EC2 was asked for and has not delivered yet; `count` in units of `unit`. */
export type PendingGrowth =
  | { readonly kind: 'assign'; readonly eniId: string; readonly unit: GrowthUnit; readonly count: number }
  | {
      readonly kind: 'eni';
      readonly card: number;
      readonly device: number;
      readonly unit: GrowthUnit;
      readonly count: number;
    };

/** What EC2 is asked for. */
export type GrowthUnit = 'address' | 'prefix' | 'ipv6-prefix';

/** What the decisions read. Derived figures are computed from it, never kept beside it. */
export interface PoolView {
  /** By ENI id, in order of card and device. */
  readonly enis: ReadonlyMap<string, PoolEni>;
  readonly orphans: readonly Allocation[];
  readonly pending: readonly PendingGrowth[];
  readonly foreign: readonly ForeignDevice[];
}

/** How pods get addresses. */
export type PoolMode = 'secondary' | 'prefix' | 'ipv6';

/** What one network card of the instance allows. Cards the node does not use are left out. */
export interface CardLimits {
  readonly card: number;
  readonly maxEnis: number;
}

/** What the instance type and the node allow. */
export interface PoolLimits {
  readonly cards: readonly CardLimits[];
  /** Secondary addresses or prefixes per ENI: EC2's addresses per ENI less the primary one. */
  readonly slotsPerEni: number;
  readonly maxPods: number;
}

/** What the operator wants. `warmIp` and `minimumIp` 0 mean unset; either one overrides `warmEni` and `warmPrefix`. */
export interface PoolTargets {
  readonly mode: PoolMode;
  /** In prefix mode: single addresses where the subnet has no free /28. */
  readonly fallbackToAddresses: boolean;
  readonly warmEni: number;
  readonly warmIp: number;
  readonly minimumIp: number;
  readonly warmPrefix: number;
}

/** What to ask EC2 for. */
export type PoolAction =
  | { readonly kind: 'assign'; readonly eniId: string; readonly unit: GrowthUnit; readonly count: number }
  | {
      readonly kind: 'create-eni';
      readonly card: number;
      readonly device: number;
      readonly unit: GrowthUnit;
      readonly count: number;
    }
  | { readonly kind: 'unassign'; readonly eniId: string; readonly cidrs: readonly string[] }
  | { readonly kind: 'delete-eni'; readonly eniId: string };

/** A change of who holds what, in the order it happened: the journal's record, and the only way allocations change. */
export type PoolEvent =
  | { readonly kind: 'assigned'; readonly address: PodAddress; readonly owner: Owner; readonly since: bigint }
  /** The owner's address rests until then; an orphan's is forgotten. Of two who claim one address only this one lets go. */
  | { readonly kind: 'released'; readonly address: PodAddress; readonly owner: OwnerKey; readonly untilMs: number }
  | {
      readonly kind: 'quarantined';
      readonly address: PodAddress;
      readonly reason: QuarantineReason;
      readonly sinceMs: number;
    }
  | { readonly kind: 'cleared'; readonly address: PodAddress };
