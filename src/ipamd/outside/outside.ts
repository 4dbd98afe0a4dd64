import { backoffMs, pausedMs } from '../../aws/index.ts';
import { type ErrorCode, HostError, toHostError } from '../../errors/index.ts';
import { type NetworkEvent, watchNetwork } from '../../kernel/index.ts';
import { compareInventory, compareKernel, differenceKeys, type PodAddress, type PoolView } from '../../pool/index.ts';
import { trunkDoubt } from '../branch/index.ts';
import { type Conditions, named } from '../conditions.ts';
import type { Engine } from '../engine.ts';
import { describeAttached, type InventoryParts, listMetadata, sortAttached } from '../inventory.ts';
import type { Counts } from '../metrics/counts.ts';
import type { UnmanagedEnis } from '../unmanaged-enis.ts';
import { Asking } from './asking.ts';
import { Believing } from './believing.ts';
import { kernelFacts } from './kernel-facts.ts';

/** Changes of links come in groups: an ENI that goes is three events. */
const SETTLE_MS = 50;
/** The safety net for events that were missed, and how often the metadata is looked at. */
const SLOWLY_MS = 30_000;
/** EC2's answer is compared with a pool that stands still; a busy one is asked about a little later. */
const BUSY_AGAIN_MS = 2_000;
const WATCH_AGAIN_MS = 5_000;
const LINK_WAIT_MS = 5_000;

export interface OutsideParts extends InventoryParts {
  readonly engine: Engine;
  readonly conditions: Conditions;
  readonly unmanaged: UnmanagedEnis;
  readonly reconciled?: Counts['reconciled'];
  /** Called after each slow check, which brings memory back that a quiet daemon has given back. */
  readonly looked?: () => void;
}

/**
 * Notices what others do to our ENIs and addresses: the kernel tells at once, the metadata within a minute. What is in
 * doubt is given to no pod from that moment on; EC2, and only EC2, decides whether it stays. While nothing is in doubt
 * EC2 is asked nothing.
 */
export class Outside {
  readonly #parts: OutsideParts;
  readonly #asking = new Asking();
  readonly #believing: Believing;
  /** ENIs of the pool whose links are gone. */
  readonly #lost = new Set<string>();
  #conflicts: readonly PodAddress[] = [];
  /** What the metadata said differently the last time, and what it has said twice. */
  #seen: ReadonlySet<string> = new Set();
  #suspicions: readonly string[] = [];
  /** The pool stands on our own notes: EC2 has not been heard yet. */
  #unproven: boolean;
  #slotInDoubt = false;
  /** Is a new doubt whenever another link comes that may be the trunk's. */
  #withoutTrunk: string | undefined;
  #failure: HostError | undefined;
  #failures = 0;
  #notBeforeMs = 0;
  #isAsking = false;
  #cancelLook: (() => void) | undefined;
  #cancelAsk: (() => void) | undefined;
  #cancelSlowly: (() => void) | undefined;
  #cancelSubscribe: (() => void) | undefined;

  constructor(parts: OutsideParts, options: { readonly unproven: boolean }) {
    this.#parts = parts;
    this.#unproven = options.unproven;
    this.#believing = new Believing(parts);
    parts.conditions.watch(() => this.#failure);
    parts.conditions.watch(() => about('ENI_LOST', 'enis', [...this.#lost]));
    parts.conditions.watch(() => about('ADDRESS_CONFLICT', 'addresses', this.#conflicts));
    parts.conditions.watch(() => about('METADATA_STALE', 'differences', this.#suspicions));
  }

  /** Looks once, and from then on whenever there is a reason, until the signal. */
  start(): void {
    const { signal } = this.#parts.node;
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.#subscribe();
    this.look();
    this.#slowly();
  }

  /** A timer that is left keeps the process from ending. */
  #stop(): void {
    for (const cancel of [this.#cancelLook, this.#cancelAsk, this.#cancelSlowly, this.#cancelSubscribe]) cancel?.();
  }

  /** Compares the pool with the kernel now. */
  look(): void {
    const { node, engine, network } = this.#parts;
    try {
      this.#withoutTrunk = trunkDoubt(node, network.branches.trunk);
      const differences = compareKernel(engine.pool, kernelFacts(node.socket, network.families), {
        enis: network.enis,
        lost: this.#lost,
      });
      this.#conflicts = differences.flatMap((each) => (each.kind === 'conflict' ? [each.address] : []));
      for (const difference of differences)
        switch (difference.kind) {
          case 'in-use':
            this.#believing.quarantine([difference.address], difference.reason);
            break;
          case 'unused':
            this.#believing.clear([difference.address]);
            break;
          case 'link-gone':
            this.#loseLink(difference.eniId);
            break;
          case 'link-back':
            this.#findLink(difference.eniId);
            break;
          case 'conflict':
            break;
          default:
            difference satisfies never;
        }
    } catch (error) {
      node.logger.warn('the kernel cannot be looked at, trying again', { error: toHostError(error) });
    }
    this.#consider();
  }

  /** EC2 has refused an ENI for want of a slot: it counts one that we do not, and is asked at once which. */
  slotTaken(): void {
    this.#slotInDoubt = true;
    this.#consider();
  }

  /** Whether that question waits for its answer. */
  get looking(): boolean {
    return this.#slotInDoubt;
  }

  #loseLink(eniId: string): void {
    const { node, engine } = this.#parts;
    node.logger.warn('the link of an ENI is gone: no pod gets an address of it', { eni_id: eniId });
    this.#lost.add(eniId);
    engine.change((pool) => pool.setLeaving(eniId, true));
  }

  #findLink(eniId: string): void {
    const { node, engine } = this.#parts;
    node.logger.info('the link of an ENI is back', { eni_id: eniId });
    this.#lost.delete(eniId);
    engine.change((pool) => pool.setLeaving(eniId, false));
    this.#believing.repair();
  }

  #subscribe(): void {
    const { node } = this.#parts;
    const again = (error: unknown): void => {
      node.logger.warn('no events of links: the slow check must do', { error: toHostError(error) });
      this.#cancelSubscribe = node.clock.after(WATCH_AGAIN_MS, () => this.#subscribe());
    };
    try {
      watchNetwork({ signal: node.signal, tell: (events) => this.#hear(events), ended: again });
    } catch (error) {
      again(error);
    }
  }

  #hear(events: readonly NetworkEvent[]): void {
    const prefix = this.#parts.node.settings.AWS_VPC_K8S_CNI_VETHPREFIX;
    // Pods come and go all the time, and their links say nothing of ENIs.
    const isPods = (name: string): boolean => name.startsWith(prefix) || name.startsWith('vlan');
    const matters = events.some((event) => event.kind !== 'link' || !isPods(event.name));
    if (!matters || this.#cancelLook !== undefined) return;
    this.#cancelLook = this.#parts.node.clock.after(SETTLE_MS, () => {
      this.#cancelLook = undefined;
      this.look();
    });
  }

  #slowly(): void {
    const { clock, signal } = this.#parts.node;
    if (signal.aborted) return;
    this.#cancelSlowly = clock.after(SLOWLY_MS, () => {
      this.look();
      this.#parts.conditions.list();
      this.#readMetadata().finally(() => {
        this.#parts.looked?.();
        this.#slowly();
      });
    });
  }

  /** The metadata lags behind growth by seconds and is stale for minutes at times: what it says twice is a suspicion. */
  async #readMetadata(): Promise<void> {
    const { node, engine } = this.#parts;
    if (engine.busy) return;
    try {
      const revision = engine.revision;
      const listed = await listMetadata(this.#parts);
      if (engine.revision !== revision) return;
      const foreign = new Set(engine.pool.foreign.map(({ eniId }) => eniId));
      const ours = listed.filter(({ facts }) => !foreign.has(facts.id));
      const keys = differenceKeys(compareInventory(engine.pool, ours));
      this.#suspicions = keys.filter((key) => this.#seen.has(key));
      this.#seen = new Set(keys);
      this.#consider();
    } catch (error) {
      node.logger.warn('the instance metadata cannot be read, trying again later', { error: toHostError(error) });
    }
  }

  #doubts(): readonly string[] {
    return [
      ...(this.#unproven ? ['the whole pool'] : []),
      ...(this.#slotInDoubt ? ['an ENI in a slot that seemed free'] : []),
      ...[...this.#lost].map((id) => `link of ${id}`),
      ...this.#parts.engine.pool.orphans.map(({ address }) => `orphan ${address}`),
      ...(this.#withoutTrunk === undefined ? [] : [this.#withoutTrunk]),
      ...this.#suspicions,
      ...this.#believing.doubts,
    ];
  }

  /** Asks EC2 when something is in doubt and it is time. */
  #consider(): void {
    const { clock, signal } = this.#parts.node;
    this.#cancelAsk?.();
    this.#cancelAsk = undefined;
    const due = this.#asking.dueMs(this.#doubts());
    if (due === undefined || this.#isAsking || signal.aborted) return;
    const waitMs = Math.max(due, this.#notBeforeMs) - clock.monotonic();
    this.#cancelAsk = clock.after(Math.max(0, waitMs), () => {
      this.#cancelAsk = undefined;
      this.#isAsking = true;
      void this.#ask().finally(() => {
        this.#isAsking = false;
        this.#consider();
      });
    });
  }

  async #ask(): Promise<void> {
    const { node, engine, network } = this.#parts;
    const { clock, logger } = node;
    const doubts = this.#doubts();
    const later = (): void => {
      this.#notBeforeMs = clock.monotonic() + BUSY_AGAIN_MS;
    };
    if (engine.busy) return later();
    try {
      const revision = engine.revision;
      const attached = await describeAttached(node);
      const { trunk } = network.branches;
      const inventory = await sortAttached(this.#parts, attached, LINK_WAIT_MS);
      // What a lane has done meanwhile is newer than the answer.
      if (engine.revision !== revision || engine.busy) return later();
      this.#failure = undefined;
      this.#failures = 0;
      this.#unproven = false;
      const before = slotsOf(engine.pool);
      const gone = this.#believing.believe(inventory, { lost: this.#lost });
      if (network.branches.trunk !== trunk) this.#useTrunk();
      if (this.#slotInDoubt) this.#settleSlot(slotsOf(engine.pool) !== before);
      for (const id of gone) this.#lost.delete(id);
      this.#asking.note(new Set([...doubts, ...this.#believing.doubts]), clock.monotonic());
    } catch (caught) {
      this.#failure = toHostError(caught);
      const usualMs = backoffMs({ attempt: this.#failures, random: 0.5 + Math.random() / 2 });
      const waitMs = Math.max(usualMs, pausedMs(caught));
      this.#failures += 1;
      this.#notBeforeMs = clock.monotonic() + waitMs;
      logger.warn(`EC2 cannot be asked about the pool, trying again in ${Math.round(waitMs)} ms`, {
        error: this.#failure,
        doubts: named(doubts),
      });
    }
  }

  /** A trunk has come, or gone: nobody else on the host shall give it addresses, and it gets what it needs of us. */
  #useTrunk(): void {
    const { node, network, unmanaged } = this.#parts;
    this.#withoutTrunk = trunkDoubt(node, network.branches.trunk);
    void unmanaged.claimOnly(network.macs);
    this.#believing.repair();
  }

  /** What is wanted now is decided anew when there is another ENI than we thought; else pods are told why they wait. */
  #settleSlot(found: boolean): void {
    const { node, engine } = this.#parts;
    this.#slotInDoubt = false;
    if (found) {
      engine.holds.succeed('growth', node.clock.monotonic());
      engine.holds.openCard();
    }
    engine.kick();
  }
}

/** A condition that names these; none while there are none. */
const about = (code: ErrorCode, key: string, items: readonly string[]): HostError | undefined =>
  items.length === 0 ? undefined : new HostError(code, { [key]: named(items) });

/** The ENIs that take slots of the instance, whoever they are for. */
const slotsOf = ({ enis, foreign }: PoolView): string =>
  [...enis.keys(), ...foreign.map(({ eniId, device }) => eniId ?? `device ${device}`)].sort().join(' ');
