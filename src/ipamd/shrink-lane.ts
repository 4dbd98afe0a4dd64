import { backoffMs } from '../aws/index.ts';
import { rulesOfAddress } from '../dataplane/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { listOwnRules } from '../kernel/index.ts';
import { type PoolAction, withLeaving, withoutAddresses, withoutEni, withUse } from '../pool/index.ts';
import type { Engine } from './engine.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';
import { removeEni } from './remove-eni.ts';
import type { Store } from './store.ts';

type Shrink = Extract<PoolAction, { kind: 'unassign-addresses' | 'delete-eni' }>;

/** Gives addresses and ENIs back. Nothing goes that the kernel still has rules for: the second proof after the pool's own. */
export class ShrinkLane {
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

  /** Carries the shrink out; a failure puts things back and holds the lane. Never throws. */
  async run(action: Shrink): Promise<void> {
    const started = this.#node.clock.monotonic();
    try {
      if (action.kind === 'unassign-addresses') await this.#unassign(action);
      else await this.#deleteEni(action);
      this.#attempts = 0;
      this.#engine().succeed('shrink');
      const duration_ms = Math.round(this.#node.clock.monotonic() - started);
      this.#node.logger.info('finished', { action: action.kind, eni_id: action.eniId, duration_ms });
    } catch (caught) {
      const error = toHostError(caught);
      const wait = backoffMs({ attempt: this.#attempts + 3, random: Math.random() });
      this.#attempts += 1;
      this.#engine().hold('shrink', wait, error);
      this.#node.logger.warn(`failed, trying again in ${Math.round(wait)} ms`, { action: action.kind, error });
      this.#engine().kick();
    }
  }

  async #unassign(action: Extract<Shrink, { kind: 'unassign-addresses' }>): Promise<void> {
    const { eniId, addresses } = action;
    const engine = this.#engine();
    const rules = listOwnRules(this.#node.socket);
    const used = addresses.find((address) => rulesOfAddress(address, rules).length > 0);
    if (used !== undefined) throw new HostError('ADDRESS_IN_USE', { address: used });
    engine.update((state) => withUse(state, { eniId, addresses }, { kind: 'releasing' }));
    try {
      await this.#node.ec2.unassignAddresses({ eniId, addresses });
    } catch (error) {
      if (toHostError(error).code !== 'EC2_NOT_FOUND') {
        engine.update((state) => withUse(state, { eniId, addresses }, { kind: 'free' }));
        throw error;
      }
    }
    engine.update((state) => withoutAddresses(state, eniId, addresses));
  }

  async #deleteEni(action: Extract<Shrink, { kind: 'delete-eni' }>): Promise<void> {
    const { eniId } = action;
    const engine = this.#engine();
    const intent = { kind: 'delete-eni', key: eniId } as const;
    const place = this.#network.eni(eniId);
    engine.update((state) => withLeaving(state, eniId, true));
    this.#store.begin(intent);
    try {
      await removeEni(this.#node, { eniId, attachmentId: place?.attachmentId });
    } catch (error) {
      engine.update((state) => withLeaving(state, eniId, false));
      this.#store.end(intent);
      throw error;
    }
    this.#network.dropEni(eniId);
    this.#store.end(intent);
    engine.update((state) => withoutEni(state, eniId));
  }
}
