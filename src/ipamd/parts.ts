import type { Ipv4Address, Ipv4Cidr, MacAddress } from '../addr/index.ts';
import type { Ec2, EniDescription, Imds, InstanceIdentity } from '../aws/index.ts';
import type { Settings } from '../config/index.ts';
import type { HostError } from '../errors/index.ts';
import type { RouteSocket } from '../kernel/index.ts';
import type { Logger } from '../log/index.ts';
import type { PoolLimits, PoolTargets } from '../pool/index.ts';
import type { Exec, Files, Timers } from '../sys/index.ts';
import type { NodeEgress } from './egress/node-egress.ts';
import type { EgressPlan } from './egress/plan.ts';

/** The edges the daemon works through, and the settings it was started with. */
export interface Edges {
  readonly clock: Timers;
  readonly exec: Exec;
  readonly files: Files;
  readonly logger: Logger;
  readonly socket: RouteSocket;
  readonly settings: Settings;
  /** Aborted when the daemon is told to stop. */
  readonly signal: AbortSignal;
}

/** A refusal and when it came, ms since the epoch. */
export interface Failure {
  readonly error: HostError;
  readonly atMs: number;
}

/** What is known once the instance has told who it is. */
export interface Node extends Edges {
  readonly imds: Imds;
  readonly ec2: Ec2;
  readonly identity: InstanceIdentity;
  readonly primaryLink: string;
  readonly limits: PoolLimits;
  readonly targets: PoolTargets;
  /** Set where pods reach a second address family by the node, as it is at the moment. */
  readonly egress?: EgressPlan | undefined;
  /** Where what changes of it is noted. */
  readonly nodeEgress?: NodeEgress;
}

/** An ENI of this instance as the daemon keeps it beside its addresses. `link` is absent until the kernel shows it. */
export interface NodeEni {
  readonly id: string;
  readonly mac: MacAddress;
  readonly card: number;
  readonly device: number;
  readonly primary: boolean;
  readonly primaryAddress: Ipv4Address;
  readonly subnetId: string;
  readonly subnet: Ipv4Cidr;
  readonly table: number;
  readonly link: string | undefined;
  readonly attachmentId: string;
  /** Its marks as EC2 described them when it was noted; absent while only our own notes tell of it. */
  readonly described?: Pick<EniDescription, 'tags' | 'securityGroups' | 'attachment'>;
}
