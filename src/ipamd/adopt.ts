import { IP_FAMILIES } from '../addr/index.ts';
import { DEAD_LINK_GROUP, readPodAlias } from '../dataplane/index.ts';
import { toHostError } from '../errors/index.ts';
import { listLinks, observeNetwork } from '../kernel/index.ts';
import { type Orphan, type Pool, resolveTruth } from '../pool/index.ts';
import { type Attached, describeAttached, type InventoryParts, sortAttached } from './inventory.ts';
import type { Node } from './parts.ts';
import type { Stored } from './store.ts';

/** An ENI that was being attached when we stopped is waited for this long; one without a link serves no pods. */
const LINK_WAIT_MS = 10_000;

/** Allocations read off the host ends of running pods: the second proof, and all there is when a checkpoint was lost. */
function podsInKernel(node: Node, network: ReturnType<typeof observeNetwork>): readonly Orphan[] {
  const since = BigInt(node.clock.now()) * 1_000_000n;
  return listLinks(node.socket).flatMap((link): readonly Orphan[] => {
    const pod = link.alias === undefined ? undefined : readPodAlias(link.alias);
    const address = network.routes.find((route) => route.link === link.name)?.destination.address;
    if (pod === undefined || address === undefined || link.group === DEAD_LINK_GROUP) return [];
    const { namespace, name, ...key } = pod;
    return [{ address, since, owner: { ...key, podNamespace: namespace, podName: name } }];
  });
}

/**
 * The pool after a start, by the one order of authority. `attached` is EC2's list; without it our own notes of this boot
 * stand in, and what they say of ENIs whose links are there. Nothing in the kernel is changed: before the pool is
 * complete, the rules of running pods would look like too much.
 */
export async function adoptPool(
  parts: InventoryParts,
  stored: Stored,
  attached: readonly Attached[] | undefined,
): Promise<Pool> {
  const { node, network } = parts;
  const { clock, logger, settings } = node;
  const ec2 = attached === undefined ? undefined : await sortAttached(parts, attached, LINK_WAIT_MS);
  if (ec2 === undefined) for (const eni of stored.enis ?? []) network.remember(eni);
  const observed = observeNetwork(node.socket, IP_FAMILIES);
  const truth = resolveTruth({
    ec2,
    journal: stored,
    kernel: {
      pods: podsInKernel(node, observed),
      // Also those that the operating system or cloud-init gave the link of an ENI.
      hostAddresses: observed.addresses.map(({ address }) => address.address),
    },
    imds: undefined,
    nowMs: clock.now(),
    cooldownMs: settings.IP_COOLDOWN_PERIOD * 1000,
  });
  for (const { kind, address } of truth.findings) logger.warn(FINDINGS[kind], { pod_ip: address });
  return truth.pool;
}

/**
 * EC2's list of our ENIs. Without notes of this boot there is no way around it. With them EC2 is waited for a moment
 * only: pods that run are served, and addresses that are known are handed out, while EC2 is away; `undefined` then.
 */
export async function askOrRemember(node: Node, stored: Stored): Promise<readonly Attached[] | undefined> {
  const asking = describeAttached(node);
  if (!stored.sameBoot || stored.enis === undefined || stored.enis.some(({ attached }) => attached === undefined))
    return asking;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const cancel = node.clock.after(EC2_PATIENCE_MS, () => resolve(undefined));
  try {
    return await Promise.race([asking, late]);
  } catch (error) {
    node.logger.warn('EC2 does not list our ENIs: serving from our own notes', { error: toHostError(error) });
    return undefined;
  } finally {
    cancel();
  }
}

/** A describe takes a fraction of it; a runtime that restarts pods waits for us meanwhile. */
const EC2_PATIENCE_MS = 2_000;

const FINDINGS = {
  'kernel-only': 'the kernel has a pod that the checkpoint has not; it is kept',
  orphan: 'EC2 lists the address of a pod on none of our ENIs; it is kept',
  duplicate: 'two pods claim one address; both keep it until one goes',
  'host-link': 'a link of the host has an address of the pool: no pod gets it',
  'earlier-boot': 'the pod of an earlier boot is gone; its address is free',
} as const;
