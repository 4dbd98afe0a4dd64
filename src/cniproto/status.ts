/** Where the daemon serves its status, over its socket. */
export const STATUS_PATH = '/v1/status';

/** One address of an ENI. A pod's name is there when the runtime told it. */
export interface StatusAddress {
  readonly address: string;
  readonly state: 'free' | 'assigned' | 'cooldown' | 'quarantine' | 'releasing';
  readonly pod?: string;
  readonly containerId?: string;
  /** Rest of a cooldown. */
  readonly freeInMs?: number;
  /** Why it is in quarantine. */
  readonly reason?: string;
}

/** One ENI; `link` is null until the kernel shows its device. */
export interface StatusEni {
  readonly id: string;
  readonly mac: string;
  readonly device: number;
  readonly link: string | null;
  readonly primary: boolean;
  readonly primaryAddress: string;
  readonly table: number;
  readonly addresses: readonly StatusAddress[];
}

/** Something wrong about a node, as long as it is. */
export interface StatusCondition {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly since: string;
}

/** What the daemon says of itself: the one document behind `vpc-cni status`, the dashboard and a support bundle. */
export interface StatusDocument {
  readonly version: string;
  readonly pid: number;
  readonly ready: boolean;
  /** Why it is not ready; of a ready one, why it cannot hand out an address right now. */
  readonly reason: string | null;
  readonly phase: 'starting' | 'serving' | 'stopping';
  readonly instance: {
    readonly id: string;
    readonly type: string;
    readonly availabilityZone: string;
    readonly primaryAddress: string;
  } | null;
  readonly targets: {
    readonly mode?: 'secondary' | 'prefix' | 'ipv6';
    readonly warmEni: number;
    readonly warmIp: number;
    readonly minimumIp: number;
    readonly warmPrefix?: number;
    readonly maxEnis: number;
    readonly addressesPerEni: number;
    readonly maxPods: number;
  };
  readonly pool: {
    readonly total: number;
    readonly assigned: number;
    readonly free: number;
    readonly cooldown: number;
    /** Absent in the answer of an older daemon. */
    readonly quarantine?: number;
    /** Addresses of running pods that EC2 lists on none of our ENIs. */
    readonly orphans?: number;
    readonly pending: number;
  };
  readonly enis: readonly StatusEni[];
  /** EC2 requests since the start, by action. */
  readonly ec2Calls: Readonly<Record<string, number>>;
  readonly lastError: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly at: string;
  } | null;
  /** What somebody should know of, each by its code and since when; absent in the answer of an older daemon. */
  readonly conditions?: readonly StatusCondition[];
  readonly startedAt: string;
  readonly readyAfterMs: number | null;
  readonly rssBytes: number;
}
