import type { Ipv4Address } from '../addr/index.ts';

/** Who holds an address: one interface of one sandbox in one network, and the pod's names where the runtime tells them. */
export interface Owner {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
  readonly podNamespace: string | undefined;
  readonly podName: string | undefined;
}

/** What an address is doing. Only `free` can be handed out; only `free` can be given back to EC2. */
export type AddressUse =
  | { readonly kind: 'free' }
  | { readonly kind: 'assigned'; readonly owner: Owner; readonly since: bigint }
  /** Rests after its pod has gone, so that nobody still talking to that pod reaches the next one. */
  | { readonly kind: 'cooldown'; readonly untilMs: number }
  /** On its way back to EC2. */
  | { readonly kind: 'releasing' };

/** One secondary address of an ENI. */
export interface PoolAddress {
  readonly address: Ipv4Address;
  readonly use: AddressUse;
}

/** An ENI whose secondary addresses are ours to hand out. */
export interface PoolEni {
  readonly id: string;
  readonly primary: boolean;
  readonly device: number;
  readonly table: number;
  /** Milliseconds since the epoch; a young ENI is not given back. */
  readonly attachedAtMs: number;
  readonly addresses: readonly PoolAddress[];
  /** On its way back to EC2: none of its addresses can be handed out. */
  readonly leaving: boolean;
}

/** Growth that EC2 was asked for and has not delivered yet. */
export type PendingGrowth =
  | { readonly kind: 'addresses'; readonly eniId: string; readonly count: number }
  | { readonly kind: 'eni'; readonly device: number; readonly count: number };

/** Everything the decisions look at. */
export interface PoolState {
  readonly enis: readonly PoolEni[];
  readonly pending: readonly PendingGrowth[];
  readonly orphans: readonly Orphan[];
  /** Device numbers of attached ENIs that are not ours to use: trunk, EFA, unmanaged, or still going away. */
  readonly foreignDevices: readonly number[];
}

/** An allocation restored from the checkpoint whose address EC2 lists on none of our ENIs: kept until its pod goes. */
export interface Orphan {
  readonly address: Ipv4Address;
  readonly owner: Owner;
  readonly since: bigint;
}

/** What the instance type and the node allow. */
export interface PoolLimits {
  readonly maxEnis: number;
  /** Secondary addresses per ENI: EC2's addresses per ENI less the primary one. */
  readonly addressesPerEni: number;
  readonly maxPods: number;
}

/** What the operator wants at hand. `warmIp` and `minimumIp` 0 mean unset; either one overrides `warmEni`. */
export interface PoolTargets {
  readonly warmEni: number;
  readonly warmIp: number;
  readonly minimumIp: number;
}

/** Counts by use, over ENIs that stay. */
export interface PoolCounts {
  readonly total: number;
  readonly assigned: number;
  readonly free: number;
  readonly cooldown: number;
  readonly releasing: number;
  readonly pending: number;
}

/** What to ask EC2 for. */
export type PoolAction =
  | { readonly kind: 'assign-addresses'; readonly eniId: string; readonly count: number }
  | { readonly kind: 'create-eni'; readonly device: number; readonly count: number }
  | { readonly kind: 'unassign-addresses'; readonly eniId: string; readonly addresses: readonly Ipv4Address[] }
  | { readonly kind: 'delete-eni'; readonly eniId: string };

/** The actions due now, and when time alone will make the next decision differ (ms since the epoch). */
export interface Decision {
  readonly actions: readonly PoolAction[];
  readonly wakeAtMs: number | undefined;
}
