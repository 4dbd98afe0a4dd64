import { type EniAttachment, type EniDescription, metadataOnlyEc2 } from '../aws/index.ts';
import { routeTableOf } from '../dataplane/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { type ForeignDevice, type Inventory, type KnownEni, type PoolLimits, roleOf } from '../pool/index.ts';
import { noteTrunk } from './branch/trunk.ts';
import { cidrsOf, type Placement } from './lanes/index.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';

/** An ENI of this instance as EC2 describes it. */
export interface Attached {
  readonly eni: EniDescription;
  readonly attachment: EniAttachment;
}

/** What sorting ENIs looks at and fills. */
export interface InventoryParts {
  readonly node: Node;
  readonly network: NodeNetwork;
  readonly placement: Placement;
}

/**
 * The ENIs on the cards this node uses. One EC2 call; none where EC2 must not be asked, then the metadata answers. Throws
 * `EC2_BAD_ANSWER` for a list without the primary one.
 */
export async function describeAttached({ ec2, identity, limits }: Node): Promise<readonly Attached[]> {
  const attached = onCards(await ec2.describeEnis({ instanceId: identity.instanceId }), limits);
  // No instance has ever been without it: who leaves it out has not told everything.
  if (!attached.some(({ attachment }) => attachment.cardIndex === 0 && attachment.deviceIndex === 0))
    throw new HostError('EC2_BAD_ANSWER', { action: 'DescribeNetworkInterfaces', missing: 'the primary ENI' });
  return attached;
}

function onCards(described: readonly EniDescription[], limits: PoolLimits): readonly Attached[] {
  const cards = new Set(limits.cards.map(({ card }) => card));
  return described.flatMap((eni): readonly Attached[] =>
    eni.attachment === undefined || !cards.has(eni.attachment.cardIndex) ? [] : [{ eni, attachment: eni.attachment }],
  );
}

/** What each of them is to the pool; notes the links of those that carry pods, and waits for a new one so long. */
export async function sortAttached(
  parts: InventoryParts,
  attached: readonly Attached[],
  linkWaitMs: number,
): Promise<Inventory> {
  const [sorted] = await Promise.all([
    Promise.all(attached.map((each) => sort(parts, each, linkWaitMs))),
    noteTrunk(parts, attached, linkWaitMs),
  ]);
  const enis = sorted.flatMap((each) => (each.kind === 'ours' ? [each.known] : []));
  const foreign = sorted.flatMap((each) => (each.kind === 'foreign' ? [each.foreign] : []));
  // EC2 lists an ENI for a while after it is gone; what has neither a link nor its place for itself is such a one.
  const held = new Set(enis.map(({ facts }) => slotOf(facts)));
  return { enis, foreign: foreign.filter((each) => each.why !== 'unusable' || !held.has(slotOf(each))) };
}

const slotOf = ({ card, device }: Pick<ForeignDevice, 'card' | 'device'>): string => `${card}-${device}`;

type Sorted =
  | { readonly kind: 'ours'; readonly known: KnownEni }
  | { readonly kind: 'foreign'; readonly foreign: ForeignDevice };

async function sort(parts: InventoryParts, { eni, attachment }: Attached, linkWaitMs: number): Promise<Sorted> {
  const { node, network, placement } = parts;
  const { identity, settings } = node;
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
  else if (network.eni(eni.id) === undefined) {
    const { primaryAddress } = eni;
    if (primaryAddress === undefined) return foreign('unusable');
    try {
      const place = { card, device, attachmentId: attachment.id, primaryAddress };
      await network.addEni(eni, { ...place, timeoutMs: linkWaitMs, subnet: placement.cidrOf(eni.subnetId) });
    } catch (error) {
      // Any other failure passes: to count the ENI as useless would take the rules of its running pods away.
      if (toHostError(error).code !== 'LINK_MISSING') throw error;
      node.logger.error('ENI is attached but cannot be used', { eni_id: eni.id, error: toHostError(error) });
      return foreign('unusable');
    }
  }
  return { kind: 'ours', known: knownEni(parts, { eni, attachment }, role.efa) };
}

function knownEni({ node, placement }: Omit<InventoryParts, 'network'>, each: Attached, efa: boolean): KnownEni {
  const { eni, attachment } = each;
  const { cardIndex: card, deviceIndex: device } = attachment;
  const primary = card === 0 && device === 0;
  const facts = {
    id: eni.id,
    card,
    device,
    table: routeTableOf({ card, device }),
    primary,
    subnetId: eni.subnetId,
    attachedAtMs: node.clock.monotonic(),
    efa,
    service: placement.isSpared({ subnetId: eni.subnetId, primary }) ? ('no-new-pods' as const) : ('pods' as const),
  };
  return { facts, cidrs: cidrsOf(eni) };
}

/**
 * The ENIs the metadata lists that could carry pods, on the cards this node uses. It knows no tags and no types: which of
 * them are left alone is for others to say.
 */
export async function listMetadata(parts: Omit<InventoryParts, 'network'>): Promise<readonly KnownEni[]> {
  const { imds, identity, limits } = parts.node;
  const { instanceId } = identity;
  const attached = onCards(await metadataOnlyEc2(imds, instanceId).describeEnis({ instanceId }), limits);
  return attached.flatMap((each) => (each.eni.addresses.length === 0 ? [] : [knownEni(parts, each, false)]));
}
