import { formatCidr } from '../addr/index.ts';
import type { StatusAddress, StatusCondition, StatusDocument } from '../cniproto/index.ts';
import { VERSION } from '../config/index.ts';
import {
  type AddressUse,
  addressIn,
  type PodAddress,
  type PoolCidr,
  poolFigures,
  targetBalance,
} from '../pool/index.ts';
import type { Condition, Conditions } from './conditions.ts';
import type { Engine } from './engine.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Failure, Node } from './parts.ts';
import type { RecentCalls } from './recent-calls.ts';

/** Where the daemon is in its life; `serving` holds everything else there is to tell. */
export type Phase =
  | { readonly kind: 'starting'; readonly doing: string; readonly failure: Failure | undefined }
  | {
      readonly kind: 'serving';
      readonly node: Node;
      readonly engine: Engine;
      readonly network: NodeNetwork;
      readonly conditions: Conditions;
      readonly recentCalls: RecentCalls;
    }
  | { readonly kind: 'stopping' };

/** Times of this run; `readyAfterMs` is absent until the daemon is ready. */
export interface RunTimes {
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Monotonic. */
  readonly nowMs: number;
  readonly readyAfterMs: number | undefined;
}

function statusAddress(address: PodAddress, use: AddressUse | undefined, nowMs: number): StatusAddress {
  switch (use?.kind) {
    case undefined:
      return { address, state: 'free' };
    case 'assigned': {
      const { podNamespace, podName, containerId } = use.owner;
      const pod = podName === undefined ? {} : { pod: `${podNamespace ?? ''}/${podName}` };
      return { address, state: 'assigned', containerId, ...pod };
    }
    case 'cooldown':
      return { address, state: 'cooldown', freeInMs: Math.max(0, use.untilMs - nowMs) };
    case 'quarantine':
      return { address, state: 'quarantine', reason: use.reason };
    default:
      return use satisfies never;
  }
}

/** The addresses of a CIDR: every one of an IPv4 CIDR, of a /80 only those in use. */
function statusAddresses(cidr: PoolCidr, nowMs: number): readonly StatusAddress[] {
  const addresses =
    cidr.kind === 'ipv6-prefix'
      ? [...cidr.uses.keys()]
      : Array.from({ length: cidr.size }, (_, index) => addressIn(cidr.cidr, index));
  return addresses.map((address) =>
    cidr.releasing ? { address, state: 'releasing' } : statusAddress(address, cidr.uses.get(address), nowMs),
  );
}

const NOTHING = { total: 0, assigned: 0, free: 0, cooldown: 0, quarantine: 0, orphans: 0, pending: 0 } as const;
const NO_TARGETS = {
  mode: 'secondary',
  ...{ warmEni: 0, warmIp: 0, minimumIp: 0, warmPrefix: 0, maxEnis: 0, addressesPerEni: 0, maxPods: 0 },
} as const;

function lastError(failure: Failure | undefined): StatusDocument['lastError'] {
  if (failure === undefined) return null;
  const { code, message, remedy } = failure.error;
  return { code, message, remedy, at: new Date(failure.atMs).toISOString() };
}

const statusCondition = ({ error: { code, message, remedy }, sinceMs }: Condition): StatusCondition => ({
  code,
  message,
  remedy,
  since: new Date(sinceMs).toISOString(),
});

/** Everything the daemon says of itself, from the pool as it is now. */
export function statusDocument(phase: Phase, times: RunTimes): StatusDocument {
  const { nowMs } = times;
  const common = {
    version: VERSION,
    pid: process.pid,
    startedAt: new Date(times.startedAtMs).toISOString(),
    readyAfterMs: times.readyAfterMs ?? null,
    rssBytes: process.memoryUsage.rss(),
  };
  if (phase.kind !== 'serving') {
    const failure = phase.kind === 'starting' ? phase.failure : undefined;
    const reason = phase.kind === 'starting' ? (failure?.error.message ?? phase.doing) : 'the daemon is stopping';
    return {
      ...common,
      ready: false,
      reason,
      phase: phase.kind,
      instance: null,
      targets: NO_TARGETS,
      pool: NOTHING,
      enis: [],
      ec2Calls: {},
      lastError: lastError(failure),
      conditions: failure === undefined ? [] : [statusCondition({ error: failure.error, sinceMs: failure.atMs })],
    };
  }
  const { node, engine, network, conditions, recentCalls } = phase;
  const { pool } = engine;
  pool.endCooldowns(nowMs);
  const { limits, targets } = node;
  const { total, assigned, free, cooldown, quarantine, pending } = poolFigures(pool, limits, targets.mode);
  const { waiting } = engine;
  const balance = targetBalance(pool, { limits, targets, waiting });
  const ready = times.readyAfterMs !== undefined;
  return {
    ...common,
    ready,
    reason: engine.refusal()?.message ?? (ready ? null : 'about to publish the conflist'),
    phase: 'serving',
    instance: {
      id: node.identity.instanceId,
      type: node.identity.instanceType,
      availabilityZone: node.identity.availabilityZone,
      primaryAddress: node.identity.primaryAddress,
    },
    targets: {
      mode: targets.mode,
      warmEni: targets.warmEni,
      warmIp: targets.warmIp,
      minimumIp: targets.minimumIp,
      warmPrefix: targets.warmPrefix,
      maxEnis: limits.cards.reduce((sum, { maxEnis }) => sum + maxEnis, 0),
      addressesPerEni: limits.slotsPerEni,
      maxPods: limits.maxPods,
    },
    pool: { total, assigned, free, cooldown, quarantine, orphans: pool.orphans.length, pending },
    waiting,
    ...(balance === undefined ? {} : { balance }),
    enis: network.enis.map((eni) => ({
      id: eni.id,
      mac: eni.mac,
      ...(eni.card === 0 ? {} : { card: eni.card }),
      device: eni.device,
      link: eni.link ?? null,
      primary: eni.primary,
      primaryAddress: eni.primaryAddress,
      table: eni.table,
      addresses: [...(pool.enis.get(eni.id)?.cidrs.values() ?? [])].flatMap((cidr) => statusAddresses(cidr, nowMs)),
    })),
    recentCalls: recentCalls.list(),
    ec2Calls: Object.fromEntries(node.ec2.calls),
    lastError: lastError(engine.failure),
    vpcCidrs: network.vpcCidrs.map(formatCidr),
    conditions: conditions.list().map(statusCondition),
  };
}
