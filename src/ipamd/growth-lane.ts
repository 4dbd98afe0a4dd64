import { randomUUID } from 'node:crypto';
import { backoffMs, type EniDescription } from '../aws/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import {
  type PendingGrowth,
  type PoolAction,
  withAddresses,
  withEni,
  withoutPending,
  withPending,
} from '../pool/index.ts';
import type { Engine } from './engine.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';
import { removeEni } from './remove-eni.ts';
import type { Store } from './store.ts';

type Growth = Extract<PoolAction, { kind: 'assign-addresses' | 'create-eni' }>;

/** An empty subnet fills no faster for being asked; other causes may pass within seconds. */
const SUBNET_HOLD_MS = 30_000;
const LINK_WAIT_MS = 60_000;

/** Tags of an ENI of ours, set in the creating call: the cluster's janitors and our own clean-up find it by them. */
export function eniTags(node: Pick<Node, 'settings' | 'identity' | 'clock'>): Readonly<Record<string, string>> {
  const { CLUSTER_NAME, ADDITIONAL_ENI_TAGS } = node.settings;
  return {
    ...(CLUSTER_NAME === ''
      ? {}
      : { 'cluster.k8s.amazonaws.com/name': CLUSTER_NAME, 'eks:eni:owner': 'amazon-vpc-cni' }),
    ...ADDITIONAL_ENI_TAGS,
    'node.k8s.amazonaws.com/instance_id': node.identity.instanceId,
    'node.k8s.amazonaws.com/createdAt': new Date(node.clock.now()).toISOString(),
  };
}

/**
 * Asks EC2 for more. A subnet with fewer free addresses than asked for refuses the whole request, so a request that
 * found too few is halved until it fits.
 */
async function halving<T>(count: number, ask: (count: number) => Promise<T>): Promise<T> {
  for (let wanted = count; ; wanted = Math.floor(wanted / 2))
    try {
      return await ask(wanted);
    } catch (error) {
      if (wanted <= 1 || toHostError(error).code !== 'SUBNET_NO_IPS') throw error;
    }
}

/** Growth: more addresses on an ENI (1 EC2 call) or a new ENI with its addresses (3 calls: create, attach, modify). */
export class GrowthLane {
  readonly #node: Node;
  readonly #engine: () => Engine;
  readonly #network: NodeNetwork;
  readonly #store: Store;
  #attempts = 0;

  constructor(
    node: Node,
    parts: { readonly engine: () => Engine; readonly network: NodeNetwork; readonly store: Store },
  ) {
    this.#node = node;
    this.#engine = parts.engine;
    this.#network = parts.network;
    this.#store = parts.store;
  }

  /** Carries the growth out; a failure holds the lane back with a growing, jittered delay. Never throws. */
  async run(action: Growth): Promise<void> {
    const engine = this.#engine();
    const started = this.#node.clock.monotonic();
    const growth: PendingGrowth =
      action.kind === 'create-eni'
        ? { kind: 'eni', device: action.device, count: action.count }
        : { kind: 'addresses', eniId: action.eniId, count: action.count };
    engine.update((state) => withPending(state, growth));
    try {
      const grown = action.kind === 'create-eni' ? await this.#createEni(action) : await this.#assign(action);
      this.#attempts = 0;
      engine.succeed('growth');
      const duration_ms = Math.round(this.#node.clock.monotonic() - started);
      this.#node.logger.info('finished', { action: action.kind, addresses: grown, duration_ms });
    } catch (caught) {
      const error = toHostError(caught);
      const wait =
        error.code === 'SUBNET_NO_IPS' ? SUBNET_HOLD_MS : backoffMs({ attempt: this.#attempts, random: Math.random() });
      this.#attempts += 1;
      engine.hold('growth', wait, error);
      this.#node.logger.warn(`failed, trying again in ${Math.round(wait)} ms`, { action: action.kind, error });
    } finally {
      engine.update((state) => withoutPending(state, growth));
    }
  }

  async #assign(action: Extract<Growth, { kind: 'assign-addresses' }>): Promise<number> {
    const { eniId } = action;
    const addresses = await halving(action.count, (count) => this.#node.ec2.assignAddresses({ eniId, count }));
    this.#engine().update((state) => withAddresses(state, eniId, addresses));
    return addresses.length;
  }

  async #createEni(action: Extract<Growth, { kind: 'create-eni' }>): Promise<number> {
    const { ec2, identity, clock, signal } = this.#node;
    const intent = { kind: 'create-eni', key: randomUUID() } as const;
    this.#store.begin(intent);
    const eni = await halving(action.count, (secondaryCount) =>
      ec2.createEni({
        subnetId: identity.subnetId,
        securityGroups: identity.securityGroups,
        secondaryCount,
        description: `aws-K8S-${identity.instanceId}`,
        tags: eniTags(this.#node),
        // A halved request is another request: EC2 refuses one token with two sets of parameters.
        clientToken: secondaryCount === action.count ? intent.key : randomUUID(),
      }),
    ).catch((error: unknown) => {
      // EC2 said no: there is nothing to clean up. Without an answer the intent stays and a restart looks.
      if (toHostError(error).code !== 'EC2_UNREACHABLE') this.#store.end(intent);
      throw error;
    });
    let attachmentId: string | undefined;
    try {
      const place = { eniId: eni.id, instanceId: identity.instanceId, deviceIndex: action.device, cardIndex: 0 };
      attachmentId = await ec2.attachEni(place);
      await ec2.setDeleteOnTermination({ eniId: eni.id, attachmentId });
      await this.#bringUp(eni, { device: action.device, attachmentId });
    } catch (error) {
      await removeEni(this.#node, { eniId: eni.id, attachmentId }).then(
        () => this.#store.end(intent),
        (undo: unknown) =>
          this.#node.logger.error('an ENI is left behind until the next start', { eni_id: eni.id, error: undo }),
      );
      throw error;
    }
    this.#store.end(intent);
    this.#node.logger.debug('ENI is ours', { eni_id: eni.id, at: clock.now(), stopping: signal.aborted });
    return eni.addresses.length - 1;
  }

  async #bringUp(
    eni: EniDescription,
    place: { readonly device: number; readonly attachmentId: string },
  ): Promise<void> {
    const { primaryAddress } = eni;
    if (primaryAddress === undefined)
      throw new HostError('EC2_FAILED', {
        action: 'CreateNetworkInterface',
        ec2Code: 'none',
        reason: `${eni.id} has no address`,
      });
    const added = await this.#network.addEni(eni, { ...place, primaryAddress, timeoutMs: LINK_WAIT_MS });
    this.#network.repair();
    this.#engine().update((state) =>
      withEni(state, {
        id: eni.id,
        primary: false,
        device: added.device,
        table: added.table,
        attachedAtMs: this.#node.clock.now(),
        leaving: false,
        addresses: eni.addresses.slice(1).map((address) => ({ address, use: { kind: 'free' } })),
      }),
    );
  }
}
