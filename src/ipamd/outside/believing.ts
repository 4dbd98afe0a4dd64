import { toHostError } from '../../errors/index.ts';
import {
  addressIn,
  compareInventory,
  type Inventory,
  type KnownEni,
  kindOfCidr,
  type PodAddress,
  type Pool,
  PREFIX_ADDRESSES,
  type QuarantineReason,
} from '../../pool/index.ts';
import type { Engine } from '../engine.ts';
import type { Counts } from '../metrics/counts.ts';
import type { NodeNetwork } from '../node-network.ts';
import type { Node } from '../parts.ts';
import type { UnmanagedEnis } from '../unmanaged-enis.ts';

/** EC2's describes lag behind its changes by seconds: what it does not list is gone when it says so again after this. */
const SECOND_PROOF_MS = 9_000;

const NOTHING_GONE = { goneEnis: [], goneCidrs: [] } as const;

export interface BelievingParts {
  readonly node: Node;
  readonly engine: Engine;
  readonly network: NodeNetwork;
  readonly unmanaged: UnmanagedEnis;
  /** Is told of what came or went without us, for the metrics. */
  readonly reconciled?: Counts['reconciled'];
}

/** Brings the pool to what EC2 and the kernel say, in two steps: doubted things are kept from pods, proven ones go. */
export class Believing {
  readonly #parts: BelievingParts;
  /** What EC2 has not listed once, and when (monotonic): `eni` or `eni cidr`. */
  #doubted: ReadonlyMap<string, number> = new Map();
  /** Ends of the cooldowns that a quarantine has hidden. */
  readonly #resting = new Map<PodAddress, number>();

  constructor(parts: BelievingParts) {
    this.#parts = parts;
  }

  /** What waits for EC2's second word. */
  get doubts(): readonly string[] {
    return [...this.#doubted.keys()].map((key) => `not listed ${key}`);
  }

  /** Keeps addresses that no pod holds out of use. */
  quarantine(addresses: readonly PodAddress[], reason: QuarantineReason): void {
    const { node, engine } = this.#parts;
    const free = addresses.filter((address) => {
      const use = engine.pool.useOf(address);
      if (use?.kind === 'cooldown') this.#resting.set(address, use.untilMs);
      return use === undefined || use.kind === 'cooldown';
    });
    if (free.length === 0) return;
    node.logger.warn('addresses are kept out of use', { addresses: free, reason });
    const sinceMs = node.clock.monotonic();
    engine.note(free.map((address) => ({ kind: 'quarantined', address, reason, sinceMs })));
  }

  /** Lets addresses be used again; what rested before goes on to rest. */
  clear(addresses: readonly PodAddress[]): void {
    const { node, engine } = this.#parts;
    const kept = addresses.filter((address) => engine.pool.useOf(address)?.kind === 'quarantine');
    if (kept.length === 0) return;
    node.logger.info('addresses can be used again', { addresses: kept });
    engine.note(kept.map((address) => ({ kind: 'cleared', address })));
    engine.change((pool) => {
      for (const address of kept) {
        const untilMs = this.#resting.get(address);
        if (untilMs !== undefined && untilMs > node.clock.monotonic()) pool.rest(address, untilMs);
        this.#resting.delete(address);
      }
    });
  }

  /** Takes EC2's list over. `lost` are ENIs whose link is gone: of these one word is enough. Returns the ENIs that went. */
  believe(inventory: Inventory, known: { readonly lost: ReadonlySet<string> }): readonly string[] {
    const { engine, node } = this.#parts;
    const difference = compareInventory(engine.pool, inventory.enis, this.#doubted);
    const { newEnis, newCidrs } = difference;
    // Without EC2 the list is the metadata's, which may add and never takes away.
    const { goneEnis, goneCidrs } = node.settings.ENABLE_IMDS_ONLY_MODE ? NOTHING_GONE : difference;
    const before = this.#doubted;
    const doubted = new Map<string, number>();
    const gone = goneEnis.filter((id) => known.lost.has(id) || this.#isProven(id, doubted));
    const goneNow = goneCidrs.map(({ eniId, cidrs }) => ({
      eniId,
      cidrs: cidrs.filter((cidr) => this.#isProven(`${eniId} ${cidr}`, doubted)),
    }));
    this.#doubted = doubted;
    for (const key of before.keys()) if (!doubted.has(key)) this.#trustAgain(key, known.lost);
    for (const key of doubted.keys()) if (!before.has(key)) this.#distrust(key);
    engine.change((pool) => {
      for (const { eniId, cidrs } of goneNow) pool.removeCidrs(eniId, cidrs);
      for (const id of gone) pool.removeEni(id);
      for (const eni of newEnis) add(pool, eni);
      for (const { eniId, cidrs } of newCidrs) pool.addCidrs(eniId, cidrs);
      pool.setForeign(inventory.foreign);
    });
    this.#tell({ newEnis, gone, newCidrs, goneNow });
    for (const id of gone) this.#forget(id);
    if (gone.length > 0 || newEnis.length > 0) this.repair();
    return gone;
  }

  /** Brings the host network to what is wanted; what cannot be repaired is reported. */
  repair(): void {
    try {
      this.#parts.network.repair();
    } catch (error) {
      this.#parts.node.logger.warn('part of the host network cannot be repaired', { error: toHostError(error) });
    }
  }

  /** Reports whether EC2 has now left something out of its list for the second time; else it is doubted. */
  #isProven(key: string, doubted: Map<string, number>): boolean {
    const nowMs = this.#parts.node.clock.monotonic();
    const sinceMs = this.#doubted.get(key);
    if (sinceMs !== undefined && nowMs - sinceMs >= SECOND_PROOF_MS) return true;
    doubted.set(key, sinceMs ?? nowMs);
    return false;
  }

  #distrust(key: string): void {
    const { engine } = this.#parts;
    const [eniId = '', cidr] = key.split(' ');
    if (cidr === undefined) engine.change((pool) => pool.setLeaving(eniId, true));
    else if (kindOfCidr(cidr) === 'ipv6-prefix') engine.change((pool) => pool.setReleasing(eniId, [cidr], true));
    else this.quarantine(addressesOf(cidr), 'not-in-ec2');
  }

  #trustAgain(key: string, lost: ReadonlySet<string>): void {
    const { engine } = this.#parts;
    const [eniId = '', cidr] = key.split(' ');
    if (cidr === undefined) engine.change((pool) => pool.setLeaving(eniId, lost.has(eniId)));
    else if (kindOfCidr(cidr) === 'ipv6-prefix') engine.change((pool) => pool.setReleasing(eniId, [cidr], false));
    else {
      const doubtful = addressesOf(cidr).filter((address) => {
        const use = engine.pool.useOf(address);
        return use?.kind === 'quarantine' && use.reason === 'not-in-ec2';
      });
      this.clear(doubtful);
    }
  }

  #forget(eniId: string): void {
    const { network, unmanaged } = this.#parts;
    const eni = network.eni(eniId);
    network.forgetEni(eniId);
    if (eni !== undefined && !eni.primary) unmanaged.release(eni.mac);
  }

  #tell(changes: {
    readonly newEnis: readonly KnownEni[];
    readonly gone: readonly string[];
    readonly newCidrs: readonly { readonly eniId: string; readonly cidrs: readonly string[] }[];
    readonly goneNow: readonly { readonly eniId: string; readonly cidrs: readonly string[] }[];
  }): void {
    const { logger } = this.#parts.node;
    const total = (lists: readonly { readonly cidrs: readonly string[] }[]): number =>
      lists.reduce((sum, { cidrs }) => sum + cidrs.length, 0);
    this.#parts.reconciled?.('eniReconcileAdd', changes.newEnis.length);
    this.#parts.reconciled?.('eniReconcileDel', changes.gone.length);
    this.#parts.reconciled?.('eniDataStorePoolReconcileAdd', total(changes.newCidrs));
    this.#parts.reconciled?.('eniIPPoolReconcileDel', total(changes.goneNow));
    for (const id of changes.gone) logger.warn('an ENI was taken away from this node', { eni_id: id });
    for (const { facts, cidrs } of changes.newEnis)
      logger.info('an ENI was attached by somebody else', { eni_id: facts.id, cidrs: cidrs.length });
    for (const { eniId, cidrs } of changes.newCidrs)
      logger.info('EC2 lists addresses we did not know of', { eni_id: eniId, cidrs });
    for (const { eniId, cidrs } of changes.goneNow)
      if (cidrs.length > 0) logger.warn('addresses were taken away from an ENI', { eni_id: eniId, cidrs });
  }
}

function add(pool: Pool, { facts, cidrs }: KnownEni): void {
  pool.putEni(facts);
  pool.addCidrs(facts.id, cidrs);
}

function addressesOf(cidr: string): readonly PodAddress[] {
  const count = kindOfCidr(cidr) === 'address' ? 1 : PREFIX_ADDRESSES;
  return Array.from({ length: count }, (_, index) => addressIn(cidr, index));
}
