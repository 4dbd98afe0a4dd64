import { type EniAttachment, type EniDescription, removeEni } from '../aws/index.ts';
import { DEAD_LINK_GROUP, readPodAlias, routeTableOf } from '../dataplane/index.ts';
import { toHostError } from '../errors/index.ts';
import { listLinks, observeNetwork } from '../kernel/index.ts';
import { type ForeignDevice, type KnownEni, type Orphan, type Pool, resolveTruth, roleOf } from '../pool/index.ts';
import { ENI_TAG } from '../vpc/index.ts';
import { cidrsOf, type Placement } from './lanes/index.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';
import type { Store, Stored } from './store.ts';

/** An ENI that was being attached when we stopped is waited for this long; one without a link serves no pods. */
const LINK_WAIT_MS = 10_000;

interface Attached {
  readonly eni: EniDescription;
  readonly attachment: EniAttachment;
}

/** An attached ENI as the pool knows it, or as one that is not for pods. */
type Sorted =
  | { readonly kind: 'ours'; readonly known: KnownEni }
  | { readonly kind: 'foreign'; readonly foreign: ForeignDevice };

/** What one attached ENI is to the pool. Notes its link in the network; throws what may pass. */
async function sort(
  parts: { readonly node: Node; readonly network: NodeNetwork; readonly placement: Placement },
  { eni, attachment }: Attached,
): Promise<Sorted> {
  const { node, network, placement } = parts;
  const { identity, settings, clock } = node;
  const card = attachment.cardIndex;
  const device = attachment.deviceIndex;
  const primary = card === 0 && device === 0;
  const foreign = (why: ForeignDevice['why']): Sorted => ({
    kind: 'foreign',
    foreign: { card, device, eniId: eni.id, why },
  });
  const claim = { instanceId: identity.instanceId, manageUntagged: settings.MANAGE_UNTAGGED_ENI };
  const role = roleOf({ primary, interfaceType: eni.interfaceType, tags: eni.tags }, claim);
  if (!role.pods) return foreign(role.why);
  if (!primary && attachment.state.startsWith('detach')) return foreign('detaching');
  if (primary) network.addPrimary(eni, attachment.id);
  else {
    const { primaryAddress } = eni;
    if (primaryAddress === undefined) return foreign('unusable');
    try {
      const place = { card, device, attachmentId: attachment.id, primaryAddress };
      await network.addEni(eni, { ...place, timeoutMs: LINK_WAIT_MS });
    } catch (error) {
      // Any other failure passes: to count the ENI as useless would take the rules of its running pods away.
      if (toHostError(error).code !== 'LINK_MISSING') throw error;
      node.logger.error('ENI is attached but cannot be used', { eni_id: eni.id, error: toHostError(error) });
      return foreign('unusable');
    }
  }
  const facts = {
    id: eni.id,
    card,
    device,
    table: routeTableOf({ card, device }),
    primary,
    subnetId: eni.subnetId,
    attachedAtMs: clock.now(),
    efa: role.efa,
    service: placement.isSpared({ subnetId: eni.subnetId, primary }) ? ('no-new-pods' as const) : ('pods' as const),
  };
  return { kind: 'ours', known: { facts, cidrs: cidrsOf(eni) } };
}

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
 * The pool after a start, by the one order of authority. One EC2 call. Nothing in the kernel is changed: before the pool
 * is complete, the rules of running pods would look like too much.
 */
export async function adoptPool(
  parts: { readonly node: Node; readonly network: NodeNetwork; readonly placement: Placement },
  stored: Stored,
): Promise<Pool> {
  const { node } = parts;
  const { identity, ec2, clock, logger, settings } = node;
  const described = await ec2.describeEnis({ instanceId: identity.instanceId });
  const cards = new Set(node.limits.cards.map(({ card }) => card));
  const attached = described.flatMap((eni): readonly Attached[] =>
    eni.attachment === undefined || !cards.has(eni.attachment.cardIndex) ? [] : [{ eni, attachment: eni.attachment }],
  );
  const sorted = await Promise.all(attached.map((each) => sort(parts, each)));
  const observed = observeNetwork(node.socket);
  const truth = resolveTruth({
    ec2: {
      enis: sorted.flatMap((each) => (each.kind === 'ours' ? [each.known] : [])),
      foreign: sorted.flatMap((each) => (each.kind === 'foreign' ? [each.foreign] : [])),
    },
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

const FINDINGS = {
  'kernel-only': 'the kernel has a pod that the checkpoint has not; it is kept',
  orphan: 'EC2 lists the address of a pod on none of our ENIs; it is kept',
  'host-link': 'a link of the host has an address of the pool: no pod gets it',
  'earlier-boot': 'the pod of an earlier boot is gone; its address is free',
} as const;

/** An ENI of ours that an interrupted creation or deletion left unattached or half detached. */
export interface Leftover {
  readonly eniId: string;
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
    .map(({ id }) => ({ eniId: id }));
}

/** Removes the leftovers and forgets the intents that led to them. */
export async function removeLeftovers(
  node: Node,
  parts: {
    readonly store: Store;
    readonly stored: Stored;
    readonly leftovers: readonly Leftover[];
    readonly freed: (eniId: string) => void;
  },
): Promise<void> {
  for (const { eniId } of parts.leftovers) {
    node.logger.info('removing an ENI an interrupted run left behind', { eni_id: eniId });
    await removeEni(node, { eniId, attachmentId: undefined });
    parts.freed(eniId);
  }
  for (const intent of parts.stored.intents) parts.store.end(intent);
}
