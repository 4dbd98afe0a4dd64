import { randomUUID } from 'node:crypto';
import { type EniDescription, halving, insist, removeEni } from '../../aws/index.ts';
import { routeTableOf } from '../../dataplane/index.ts';
import { HostError, toHostError } from '../../errors/index.ts';
import type { LogFields } from '../../log/index.ts';
import type { Intent, PoolAction } from '../../pool/index.ts';
import { ENI_TAG } from '../../vpc/index.ts';
import { cidrsOf } from './cidrs.ts';
import { clusterTags, instanceTags } from './eni-tags.ts';
import { noteRefusal } from './grow.ts';
import type { LaneParts } from './lane.ts';
import type { EniPlace } from './placement.ts';
import { UNCERTAIN } from './until-known.ts';

type Creation = Extract<PoolAction, { kind: 'create-eni' }>;

const LINK_WAIT_MS = 60_000;
const ASK_TRIES = 8;
/** A creation that failed makes room for the next one soon: what EC2 is slow to take back is taken back later. */
const UNDO_TRIES = 5;

/** A new ENI with its addresses, in the first subnet that has room for it. Throws what EC2 or the kernel refused. */
export async function createEni(parts: LaneParts, action: Creation): Promise<LogFields> {
  const { node, store, unmanaged } = parts;
  const { ec2, identity } = node;
  const { card, device } = action;
  const places = await parts.placement.places();
  const intent: Intent = { kind: 'create-eni', key: randomUUID() };
  store.begin(intent);
  const eni = await requestSomewhere(parts, { action, intent, places });
  let attachmentId: string | undefined;
  try {
    // Before its link is there: who has configured it once may come back to it.
    await unmanaged.claim(eni.mac);
    const place = { instanceId: identity.instanceId, deviceIndex: device, cardIndex: card };
    attachmentId = await attach(parts, eni.id, place);
    await ec2.setDeleteOnTermination({ eniId: eni.id, attachmentId });
    await bringUp(parts, eni, { card, device, attachmentId });
  } catch (error) {
    // Told to stop: the intent stays, and the next start adopts the ENI or removes it.
    if (node.signal.aborted) throw error;
    parts.network.forgetEni(eni.id);
    takeBack(parts);
    await removeEni({ ...node, tries: UNDO_TRIES }, { eniId: eni.id, attachmentId }).then(
      () => {
        unmanaged.release(eni.mac);
        store.end(intent);
      },
      (undo: unknown) => {
        node.logger.warn('an ENI cannot be taken back yet', { eni_id: eni.id, error: toHostError(undo) });
        parts.unsure(intent);
      },
    );
    throw error;
  }
  store.end(intent);
  return { eni_id: eni.id, subnet: eni.subnetId, [action.unit]: cidrsOf(eni).length };
}

/** Takes what the host has of an ENI that was given up away; what cannot be is told, and tried again by whoever looks next. */
function takeBack({ network, node }: LaneParts): void {
  try {
    network.repair();
  } catch (error) {
    node.logger.warn('part of the host network cannot be repaired', { error: toHostError(error) });
  }
}

/** Returns the id of the attachment; without an answer, what EC2 shows decides whether there is one. */
async function attach(
  { node }: LaneParts,
  eniId: string,
  place: { readonly instanceId: string; readonly deviceIndex: number; readonly cardIndex: number },
): Promise<string> {
  try {
    return await node.ec2.attachEni({ eniId, ...place });
  } catch (refusal) {
    if (!UNCERTAIN.has(toHostError(refusal).code)) throw refusal;
    const now = await insist(patienceOf(node), () => node.ec2.describeEni({ eniId }));
    if (now?.attachment === undefined || now.attachment.state.startsWith('detach')) throw refusal;
    return now.attachment.id;
  }
}

interface Wanted {
  readonly action: Creation;
  readonly intent: Intent;
  readonly places: readonly EniPlace[];
}

/** Tries the places in turn while they have no room; any other refusal ends the search. */
async function requestSomewhere(parts: LaneParts, wanted: Wanted): Promise<EniDescription> {
  const { placement, store } = parts;
  let refusal: HostError | undefined;
  for (const [index, place] of wanted.places.entries()) {
    const made = await requestEni(parts, wanted, { place, first: index === 0 });
    if (!(made instanceof HostError)) return made;
    refusal = made;
    if (!noteRefusal(placement, { code: made.code, unit: wanted.action.unit, subnetId: place.subnetId })) break;
  }
  // After a clear no there is nothing to clean up; what cannot be seen yet may still come to light.
  if (refusal !== undefined && UNCERTAIN.has(refusal.code)) parts.unsure(wanted.intent);
  else store.end(wanted.intent);
  throw refusal ?? new HostError('SUBNET_NONE_TAGGED', { vpc: parts.node.identity.vpcId });
}

/** The new ENI, or EC2's refusal. Throws while nobody knows which of both it is. */
async function requestEni(
  { node, unsure }: LaneParts,
  { action, intent }: Wanted,
  at: { readonly place: EniPlace; readonly first: boolean },
): Promise<EniDescription | HostError> {
  const { ec2, identity, clock } = node;
  const tags = {
    ...clusterTags(node.settings),
    ...instanceTags(identity),
    [ENI_TAG.createdAt]: new Date(clock.now()).toISOString(),
    [ENI_TAG.intent]: intent.key,
  };
  try {
    return await halving(action.count, (count) =>
      ec2.createEni({
        ...at.place,
        holding: { unit: action.unit, count },
        description: `aws-K8S-${identity.instanceId}`,
        tags,
        // Another size or subnet is another request: EC2 refuses one token with two sets of parameters.
        clientToken: at.first && count === action.count ? intent.key : randomUUID(),
      }),
    );
  } catch (caught) {
    const refusal = toHostError(caught);
    if (!UNCERTAIN.has(refusal.code)) return refusal;
    // No answer: the ENI may exist, and its tag tells. A search that is refused tells nothing.
    const search = insist(patienceOf(node), () => node.ec2.findEnis({ tags: { [ENI_TAG.intent]: intent.key } }));
    const [made] = await search.catch((error: unknown) => {
      if (!node.signal.aborted) unsure(intent);
      throw error;
    });
    return made ?? refusal;
  }
}

const patienceOf = ({ clock, signal }: LaneParts['node']) => ({ clock, signal, tries: ASK_TRIES });

async function bringUp(
  parts: LaneParts,
  eni: EniDescription,
  place: { readonly card: number; readonly device: number; readonly attachmentId: string },
): Promise<void> {
  const { engine, network, node, placement, unmanaged } = parts;
  const { primaryAddress } = eni;
  if (primaryAddress === undefined)
    throw new HostError('EC2_BAD_ANSWER', { action: 'CreateNetworkInterface', missing: `an address of ${eni.id}` });
  const added = await network.addEni(eni, {
    ...place,
    primaryAddress,
    timeoutMs: LINK_WAIT_MS,
    subnet: placement.cidrOf(eni.subnetId),
  });
  if (added.link !== undefined) await unmanaged.claimLink(added.link);
  network.setUp(added);
  engine.change((pool) => {
    pool.putEni({
      id: eni.id,
      card: place.card,
      device: place.device,
      table: routeTableOf(place),
      primary: false,
      subnetId: eni.subnetId,
      attachedAtMs: node.clock.monotonic(),
      efa: false,
      service: placement.isSpared({ subnetId: eni.subnetId, primary: false }) ? 'no-new-pods' : 'pods',
    });
    pool.addCidrs(eni.id, cidrsOf(eni));
  });
}
