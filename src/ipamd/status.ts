import type { StatusAddress, StatusDocument } from '../cniproto/index.ts';
import { VERSION } from '../config/index.ts';
import { countPool, endCooldowns, type PoolAddress } from '../pool/index.ts';
import type { Engine } from './engine.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Failure, Node } from './parts.ts';

/** Where the daemon is in its life; `serving` holds everything else there is to tell. */
export type Phase =
  | { readonly kind: 'starting'; readonly doing: string; readonly failure: Failure | undefined }
  | { readonly kind: 'serving'; readonly node: Node; readonly engine: Engine; readonly network: NodeNetwork }
  | { readonly kind: 'stopping' };

/** Times of this run, ms since the epoch; `readyAfterMs` is absent until the daemon is ready. */
export interface RunTimes {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly readyAfterMs: number | undefined;
}

function statusAddress({ address, use }: PoolAddress, nowMs: number): StatusAddress {
  switch (use.kind) {
    case 'assigned': {
      const { podNamespace, podName, containerId } = use.owner;
      const pod = podName === undefined ? {} : { pod: `${podNamespace ?? ''}/${podName}` };
      return { address, state: 'assigned', containerId, ...pod };
    }
    case 'cooldown':
      return { address, state: 'cooldown', freeInMs: Math.max(0, use.untilMs - nowMs) };
    case 'free':
    case 'releasing':
      return { address, state: use.kind };
    default:
      return use satisfies never;
  }
}

const NOTHING = { total: 0, assigned: 0, free: 0, cooldown: 0, pending: 0 } as const;
const NO_TARGETS = { warmEni: 0, warmIp: 0, minimumIp: 0, maxEnis: 0, addressesPerEni: 0, maxPods: 0 } as const;

function lastError(failure: Failure | undefined): StatusDocument['lastError'] {
  if (failure === undefined) return null;
  const { code, message, remedy } = failure.error;
  return { code, message, remedy, at: new Date(failure.atMs).toISOString() };
}

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
    };
  }
  const { node, engine, network } = phase;
  const state = endCooldowns(engine.state, nowMs);
  const { total, assigned, free, cooldown, pending } = countPool(state);
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
    targets: { ...node.targets, ...node.limits },
    pool: { total, assigned, free, cooldown, pending },
    enis: network.enis.map((eni) => ({
      id: eni.id,
      mac: eni.mac,
      device: eni.device,
      link: eni.link ?? null,
      primary: eni.primary,
      primaryAddress: eni.primaryAddress,
      table: eni.table,
      addresses: (state.enis.find(({ id }) => id === eni.id)?.addresses ?? []).map((entry) =>
        statusAddress(entry, nowMs),
      ),
    })),
    ec2Calls: Object.fromEntries(node.ec2.calls),
    lastError: lastError(engine.failure),
  };
}
