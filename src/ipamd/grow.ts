import { randomUUID } from 'node:crypto';
import type { Ipv4Address } from '../addr/index.ts';
import { type EniDescription, insist, removeEni } from '../aws/index.ts';
import { type ErrorCode, HostError, toHostError } from '../errors/index.ts';
import type { LogFields } from '../log/index.ts';
import {
  type PendingGrowth,
  type PoolAction,
  withAddresses,
  withEni,
  withoutPending,
  withPending,
} from '../pool/index.ts';
import { ENI_TAG } from '../vpc/index.ts';
import type { LaneParts } from './lane.ts';
import type { Node } from './parts.ts';
import type { Intent } from './store.ts';

type Growth = Extract<PoolAction, { kind: 'assign-addresses' | 'create-eni' }>;
type Creation = Extract<Growth, { kind: 'create-eni' }>;

const LINK_WAIT_MS = 60_000;
const ASK_TRIES = 8;

function eniTags({ settings, identity, clock }: Node, intent: Intent): Readonly<Record<string, string>> {
  const { CLUSTER_NAME, ADDITIONAL_ENI_TAGS } = settings;
  return {
    ...(CLUSTER_NAME === '' ? {} : { [ENI_TAG.cluster]: CLUSTER_NAME, [ENI_TAG.owner]: 'amazon-vpc-cni' }),
    ...ADDITIONAL_ENI_TAGS,
    [ENI_TAG.instance]: identity.instanceId,
    [ENI_TAG.createdAt]: new Date(clock.now()).toISOString(),
    [ENI_TAG.intent]: intent.key,
  };
}

/** A subnet with fewer free addresses than asked for refuses the whole request: it is halved until it fits. */
async function halving<T>(count: number, ask: (count: number) => Promise<T>): Promise<T> {
  for (let wanted = count; ; wanted = Math.floor(wanted / 2))
    try {
      return await ask(wanted);
    } catch (error) {
      if (wanted <= 1 || toHostError(error).code !== 'SUBNET_NO_IPS') throw error;
    }
}

/**
 * More addresses on an ENI (1 EC2 call), or a new ENI with its addresses (3 calls: create, attach, modify). The pool
 * counts them as pending meanwhile. Throws what EC2 or the kernel refused; nothing is left behind then.
 */
export async function grow(parts: LaneParts, action: Growth): Promise<LogFields> {
  const { engine } = parts;
  const growth: PendingGrowth =
    action.kind === 'create-eni'
      ? { kind: 'eni', device: action.device, count: action.count }
      : { kind: 'addresses', eniId: action.eniId, count: action.count };
  engine.update((state) => withPending(state, growth));
  try {
    if (action.kind === 'create-eni') return await createEni(parts, action);
    return await assign(parts, action);
  } finally {
    engine.update((state) => withoutPending(state, growth));
  }
}

/** After these nobody knows what EC2 did: the answer may have been lost behind a success. */
const UNCERTAIN: ReadonlySet<ErrorCode> = new Set(['EC2_UNREACHABLE', 'ADDRESS_LIMIT']);

async function assign(parts: LaneParts, action: Extract<Growth, { kind: 'assign-addresses' }>): Promise<LogFields> {
  const { engine, node, network } = parts;
  const { eniId } = action;
  const subnetId = network.eni(eniId)?.subnetId;
  const learn = (addresses: readonly Ipv4Address[]): void =>
    engine.update((state) => withAddresses(state, eniId, addresses));
  try {
    const addresses = await halving(action.count, (count) => node.ec2.assignAddresses({ eniId, subnetId, count }));
    learn(addresses);
    return { eni_id: eniId, addresses: addresses.length };
  } catch (error) {
    if (UNCERTAIN.has(toHostError(error).code)) {
      const eni = await node.ec2.describeEni({ eniId }).catch(() => undefined);
      learn(eni?.addresses.filter((address) => address !== eni.primaryAddress) ?? []);
    }
    throw error;
  }
}

async function createEni(parts: LaneParts, action: Creation): Promise<LogFields> {
  const { node, store, unmanaged } = parts;
  const { ec2, identity } = node;
  const intent: Intent = { kind: 'create-eni', key: randomUUID() };
  store.begin(intent);
  const eni = await requestEni(parts, action, intent);
  let attachmentId: string | undefined;
  try {
    // Before its link is there: who has configured it once may come back to it.
    await unmanaged.claim(eni.mac);
    const place = { instanceId: identity.instanceId, deviceIndex: action.device, cardIndex: 0 };
    attachmentId = await ec2.attachEni({ eniId: eni.id, ...place });
    await ec2.setDeleteOnTermination({ eniId: eni.id, attachmentId });
    await bringUp(parts, eni, { device: action.device, attachmentId });
  } catch (error) {
    // Told to stop: the intent stays, and the next start adopts the ENI or removes it.
    if (node.signal.aborted) throw error;
    parts.network.forgetEni(eni.id);
    await removeEni(node, { eniId: eni.id, attachmentId }).then(
      () => {
        unmanaged.release(eni.mac);
        store.end(intent);
      },
      (undo: unknown) =>
        node.logger.error('an ENI is left behind until the next start', { eni_id: eni.id, error: toHostError(undo) }),
    );
    throw error;
  }
  store.end(intent);
  return { eni_id: eni.id, addresses: eni.addresses.length - 1 };
}

async function requestEni(parts: LaneParts, action: Creation, intent: Intent): Promise<EniDescription> {
  const { node, store } = parts;
  const { ec2, identity } = node;
  const tags = eniTags(node, intent);
  try {
    return await halving(action.count, (secondaryCount) =>
      ec2.createEni({
        subnetId: identity.subnetId,
        securityGroups: identity.securityGroups,
        secondaryCount,
        description: `aws-K8S-${identity.instanceId}`,
        tags,
        // A halved request is another request: EC2 refuses one token with two sets of parameters.
        clientToken: secondaryCount === action.count ? intent.key : randomUUID(),
      }),
    );
  } catch (error) {
    // EC2 said no: there is nothing to clean up.
    if (toHostError(error).code !== 'EC2_UNREACHABLE') {
      store.end(intent);
      throw error;
    }
    // No answer: the ENI may exist. Its tag tells; while EC2 stays away the intent stays, and the next start looks.
    const patience = { clock: node.clock, tries: ASK_TRIES, signal: node.signal };
    const [made] = await insist(patience, () => ec2.findEnis({ tags: { [ENI_TAG.intent]: intent.key } }));
    if (made !== undefined) return made;
    store.end(intent);
    throw error;
  }
}

async function bringUp(
  parts: LaneParts,
  eni: EniDescription,
  place: { readonly device: number; readonly attachmentId: string },
): Promise<void> {
  const { primaryAddress } = eni;
  if (primaryAddress === undefined)
    throw new HostError('EC2_BAD_ANSWER', { action: 'CreateNetworkInterface', missing: `an address of ${eni.id}` });
  const added = await parts.network.addEni(eni, { ...place, primaryAddress, timeoutMs: LINK_WAIT_MS });
  if (added.link !== undefined) await parts.unmanaged.claimLink(added.link);
  parts.network.setUp(added);
  const addresses = eni.addresses.slice(1).map((address) => ({ address, use: { kind: 'free' } as const }));
  const attachedAtMs = parts.node.clock.now();
  const { device, table } = added;
  parts.engine.update((state) =>
    withEni(state, { id: eni.id, primary: false, device, table, attachedAtMs, leaving: false, addresses }),
  );
}
