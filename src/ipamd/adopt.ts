import { type EniAttachment, type EniDescription, removeEni } from '../aws/index.ts';
import { DEAD_LINK_GROUP, readPodAlias, routeTableOf } from '../dataplane/index.ts';
import { toHostError } from '../errors/index.ts';
import { listLinks, observeNetwork } from '../kernel/index.ts';
import { type Orphan, type PoolEni, type PoolState, restorePool, sameOwner } from '../pool/index.ts';
import { ENI_TAG } from '../vpc/index.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';
import type { Store, Stored } from './store.ts';

/** An ENI that was being attached when we stopped is waited for this long; one without a link serves no pods. */
const LINK_WAIT_MS = 10_000;

/** Trunk, branch and EFA interfaces belong to others (ipamd reference §2.9); so does what its owner marks. */
function isManaged(eni: EniDescription): boolean {
  return eni.interfaceType === 'interface' && eni.tags[ENI_TAG.noManage] !== 'true';
}

/** The pool entry of an ENI as EC2 describes it: every address but the primary one, free until we know better. */
function poolEni(eni: EniDescription, device: number, attachedAtMs: number): PoolEni {
  return {
    id: eni.id,
    primary: device === 0,
    device,
    table: routeTableOf({ card: 0, device }),
    attachedAtMs,
    leaving: false,
    addresses: eni.addresses
      .filter((address) => address !== eni.primaryAddress)
      .map((address) => ({ address, use: { kind: 'free' } })),
  };
}

/** Finds the link of an ENI; reports whether its addresses can be used. */
async function becomesLink(
  node: Node,
  network: NodeNetwork,
  eni: EniDescription,
  attachment: EniAttachment,
): Promise<boolean> {
  const { primaryAddress } = eni;
  if (attachment.deviceIndex === 0) {
    network.addPrimary(eni, attachment.id);
    return true;
  }
  if (!isManaged(eni) || primaryAddress === undefined || attachment.state.startsWith('detach')) return false;
  try {
    const place = { device: attachment.deviceIndex, attachmentId: attachment.id, primaryAddress };
    await network.addEni(eni, { ...place, timeoutMs: LINK_WAIT_MS });
    return true;
  } catch (error) {
    // Any other failure passes: to count the ENI as useless would take the rules of its running pods away.
    if (toHostError(error).code !== 'LINK_MISSING') throw error;
    node.logger.error('ENI is attached but cannot be used', { eni_id: eni.id, error: toHostError(error) });
    return false;
  }
}

/** Allocations read off the host ends of running pods: the second proof, and all there is when a checkpoint was lost. */
function allocationsFromKernel(node: Node): readonly Orphan[] {
  const { routes } = observeNetwork(node.socket);
  const since = BigInt(node.clock.now()) * 1_000_000n;
  return listLinks(node.socket).flatMap((link): readonly Orphan[] => {
    const pod = link.alias === undefined ? undefined : readPodAlias(link.alias);
    const address = routes.find((route) => route.link === link.name)?.destination.address;
    if (pod === undefined || address === undefined || link.group === DEAD_LINK_GROUP) return [];
    const { namespace, name, ...key } = pod;
    return [{ address, since, owner: { ...key, podNamespace: namespace, podName: name } }];
  });
}

/**
 * The pool after a start: EC2's list of ENIs is the truth, what we wrote down says who holds which address, and the
 * kernel stands in for a lost checkpoint. One EC2 call. Nothing in the kernel is changed: before the pool is complete,
 * the rules of running pods would look like too much.
 */
export async function adoptPool(node: Node, network: NodeNetwork, stored: Stored): Promise<PoolState> {
  const { identity, ec2, clock, logger } = node;
  const described = await ec2.describeEnis({ instanceId: identity.instanceId });
  const attached = described.flatMap((eni) =>
    eni.attachment === undefined || eni.attachment.cardIndex !== 0 ? [] : [{ eni, attachment: eni.attachment }],
  );
  const usable = await Promise.all(attached.map(({ eni, attachment }) => becomesLink(node, network, eni, attachment)));
  const device = ({ attachment }: (typeof attached)[number]): number => attachment.deviceIndex;
  const enis = attached.filter((_, n) => usable[n]).map((each) => poolEni(each.eni, device(each), clock.now()));
  const foreignDevices = attached.filter((_, n) => !usable[n]).map(device);
  const allocations = [...(stored.allocations ?? [])];
  for (const found of allocationsFromKernel(node))
    if (!allocations.some(({ owner, address }) => sameOwner(owner, found.owner) || address === found.address)) {
      logger.warn('the kernel has a pod that the checkpoint has not; it is kept', { pod_ip: found.address });
      allocations.push(found);
    }
  // A clock that was set back must not keep an address at rest for longer than a cooldown.
  const latest = clock.now() + node.settings.IP_COOLDOWN_PERIOD * 1000;
  const cooldowns = new Map([...stored.cooldowns].map(([address, untilMs]) => [address, Math.min(untilMs, latest)]));
  const state = restorePool({ enis, allocations, cooldowns, foreignDevices });
  for (const orphan of state.orphans)
    logger.warn('EC2 lists the address of a pod on none of our ENIs; it is kept', { pod_ip: orphan.address });
  return state;
}

/** An ENI of ours that an interrupted creation or deletion left unattached or half detached. */
export interface Leftover {
  readonly eniId: string;
  /** The device number it still holds. */
  readonly device: number | undefined;
}

/**
 * What an interrupted run left in EC2. Costs a call only when an intent was left. Must run before this run creates
 * anything: a new ENI of ours is unattached for a moment too.
 */
export async function findLeftovers(node: Node, stored: Stored): Promise<readonly Leftover[]> {
  if (stored.intents.length === 0) return [];
  const { ec2, identity } = node;
  const ours = await ec2.findEnis({ tags: { [ENI_TAG.instance]: identity.instanceId } });
  for (const { id, attachment } of ours)
    if (attachment?.state === 'attached' && !attachment.deleteOnTermination)
      await ec2.setDeleteOnTermination({ eniId: id, attachmentId: attachment.id });
  return ours
    .filter(({ attachment }) => attachment === undefined || attachment.state.startsWith('detach'))
    .map(({ id, attachment }) => ({ eniId: id, device: attachment?.deviceIndex }));
}

/** Removes the leftovers and forgets the intents that led to them. */
export async function removeLeftovers(
  node: Node,
  parts: {
    readonly store: Store;
    readonly stored: Stored;
    readonly leftovers: readonly Leftover[];
    readonly freed: (device: number) => void;
  },
): Promise<void> {
  for (const { eniId, device } of parts.leftovers) {
    node.logger.info('removing an ENI an interrupted run left behind', { eni_id: eniId });
    await removeEni(node, { eniId, attachmentId: undefined });
    if (device !== undefined) parts.freed(device);
  }
  for (const intent of parts.stored.intents) parts.store.end(intent);
}
