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
  /** The network card; absent where it is the first. */
  readonly card?: number;
  readonly device: number;
  readonly link: string | null;
  readonly primary: boolean;
  readonly primaryAddress: string;
  readonly table: number;
  readonly addresses: readonly StatusAddress[];
}

/** One request to EC2; `code` is the error of one that failed. */
export interface StatusCall {
  readonly action: string;
  /** When it ended. */
  readonly at: string;
  readonly ms: number;
  readonly code: string | null;
}

/** What the targets ask for on the first network card, and how far the pool is from it; in addresses. */
export interface StatusBalance {
  readonly wantedFree: number;
  readonly free: number;
  readonly pending: number;
  /** Missing, and asked for as soon as EC2 can be asked. */
  readonly short: number;
  /** Missing, but beyond what pods could use. */
  readonly beyondMaxPods: number;
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
  /** Pods whose ADD waits for an address; absent in the answer of an older daemon. */
  readonly waiting?: number;
  /** The targets against reality; absent with a /80, and in the answer of an older daemon. */
  readonly balance?: StatusBalance;
  readonly enis: readonly StatusEni[];
  /** The last requests to EC2, newest first; absent in the answer of an older daemon. */
  readonly recentCalls?: readonly StatusCall[];
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
  /** The networks of the VPC; absent in the answer of an older daemon. */
  readonly vpcCidrs?: readonly string[];
  readonly startedAt: string;
  readonly readyAfterMs: number | null;
  readonly rssBytes: number;
}
