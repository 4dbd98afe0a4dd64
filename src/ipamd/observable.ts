import { type ObservedNetwork, type PodNat, type PodPath, podNat, podPath } from '../dataplane/index.ts';
import { observeInTurns } from '../kernel/index.ts';
import { type Allocation, poolFigures } from '../pool/index.ts';
import type { Observable } from './onlooker.ts';
import { type Phase, type RunTimes, statusDocument } from './status.ts';

/** Anybody on the node may ask, and a look at hundreds of rules costs the daemon milliseconds. */
const LOOK_AGAIN_MS = 500;

type Serving = Extract<Phase, { readonly kind: 'serving' }>;

/** The daemon as others may look at it, in whatever phase it is. */
export function observable(now: {
  readonly phase: () => Phase;
  readonly times: () => RunTimes;
  readonly looked: () => void;
}): Observable {
  let seen: { readonly atMs: number; readonly observed: Promise<ObservedNetwork> } | undefined;
  const observe = ({ node, network }: Serving): Promise<ObservedNetwork> => {
    const { clock, socket } = node;
    const nowMs = clock.monotonic();
    const turn = (): Promise<void> => new Promise((resolve) => clock.after(0, resolve));
    if (seen === undefined || nowMs - seen.atMs > LOOK_AGAIN_MS)
      seen = { atMs: nowMs, observed: observeInTurns(socket, network.families, turn) };
    return seen.observed;
  };
  return {
    looked: now.looked,
    status: () => statusDocument(now.phase(), now.times()),
    gauges: () => {
      const phase = now.phase();
      if (phase.kind !== 'serving') return undefined;
      const { node, engine } = phase;
      const { total, assigned, free, cooldown, pending } = poolFigures(engine.pool, node.limits, node.targets.mode);
      return { total, assigned, free, cooldown, pending, waiting: engine.waiting };
    },
    pathOf: async (pod) => {
      const phase = now.phase();
      if (phase.kind !== 'serving') return undefined;
      const allocation = phase.engine.pool
        .allocations()
        .find(({ address, owner }) => address === pod || `${owner.podNamespace}/${owner.podName}` === pod);
      return allocation && pathOf(phase, allocation, await observe(phase));
    },
  };
}

function pathOf({ node, network }: Serving, allocation: Allocation, observed: ObservedNetwork): PodPath {
  const { address, owner, eni } = allocation;
  return podPath({
    pod: { ...owner, namespace: owner.podNamespace, name: owner.podName },
    address,
    eni: eni && { ...eni, link: network.eni(eni.id)?.link },
    vethPrefix: node.settings.AWS_VPC_K8S_CNI_VETHPREFIX,
    primaryLink: node.primaryLink,
    nat: natOf({ node, network }, allocation),
    observed,
  });
}

function natOf({ node, network }: Pick<Serving, 'node' | 'network'>, { address }: Allocation): PodNat {
  const { settings, identity } = node;
  return podNat(address, {
    to: identity.primaryAddress,
    externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
    exempt: [...network.vpcCidrs, ...settings.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS],
    mark: settings.AWS_VPC_K8S_CNI_CONNMARK,
    by: network.packetFilter,
  });
}
