import { diffNetwork, NFT_TABLE, type Step } from '../../dataplane/index.ts';
import { HostError, toHostError } from '../../errors/index.ts';
import {
  applySteps,
  describeStep,
  findLink,
  type NetworkEvent,
  observeInTurns,
  watchNetwork,
  watchPacketRules,
} from '../../kernel/index.ts';
import { type Conditions, named } from '../conditions.ts';
import { later } from '../later.ts';
import type { NodeNetwork } from '../node-network.ts';
import type { Node } from '../parts.ts';
import { DRIFT_PARTS, type DriftPart, partOf, type RepairKind, repairKind } from './matters.ts';
import { changedAddresses, stepsBeside } from './meanwhile.ts';
import { Pace } from './pace.ts';
import { repairSysctls } from './sysctls.ts';

// Off the way to READY: what was wrong at the start has been repaired then.
const FIRST_MS = 1_000;
/** For what no event tells of: most sysctls, an event that was lost. */
const SLOWLY_MS = 15_000;
const AGAIN_MS = 2_000;
const WATCH_AGAIN_MS = 5_000;

interface DriftParts {
  readonly node: Node;
  readonly network: NodeNetwork;
  readonly conditions: Pick<Conditions, 'watch'>;
  readonly repaired: (kind: RepairKind, count: number) => void;
  /** Is told when the primary link gets or loses an address. */
  readonly addressed?: () => void;
}

/**
 * Keeps the kernel's state as it is wanted: what somebody removes or changes of our objects is put back as soon as the kernel
 * tells of it, other objects are left alone. Nothing is done while nothing differs.
 */
export class Drift {
  readonly #parts: DriftParts;
  readonly #pace = new Pace();
  readonly #due = new Set<DriftPart>();
  readonly #failures = new Map<DriftPart, HostError>();
  #primaryIndex: number | undefined;
  #cancel: (() => void) | undefined;
  #isLooking = false;
  /** What was repaired last, for whoever fights over it. */
  #latest: readonly string[] = [];

  constructor(parts: DriftParts) {
    const { clock } = parts.node;
    this.#parts = parts;
    parts.conditions.watch(() => [...this.#failures.values()][0]);
    parts.conditions.watch(() =>
      this.#pace.contested(clock.monotonic())
        ? new HostError('NETWORK_CONTESTED', { changes: named(this.#latest) })
        : undefined,
    );
  }

  /** Looks at all of it soon, and from then on whenever there is a reason, until the signal. */
  start(): void {
    const { node } = this.#parts;
    this.#primaryIndex = findLink(node.socket, node.primaryLink)?.index;
    this.#watch((ended) => {
      const { families } = this.#parts.network;
      const of = families.includes('ipv6') ? 'ipv6' : 'ipv4';
      const tell = (events: readonly NetworkEvent[]): void => this.#hear(events);
      watchNetwork({ signal: node.signal, of, own: node.socket.port, tell, ended });
    });
    this.#watch((ended) =>
      watchPacketRules({ signal: node.signal, table: NFT_TABLE, tell: () => this.#soon('packet-rules'), ended }),
    );
    this.#slowly(FIRST_MS);
  }

  /** Subscribes, and again some time after a subscription has failed: until then the slow look must do. */
  #watch(subscribe: (ended: (error: unknown) => void) => void): void {
    const { node } = this.#parts;
    const again = (error: unknown): void => {
      node.logger.warn('no events of the network: the slow check must do', { error: toHostError(error) });
      later(node, WATCH_AGAIN_MS, () => this.#watch(subscribe));
    };
    try {
      subscribe(again);
    } catch (error) {
      again(error);
    }
  }

  #slowly(afterMs: number): void {
    later(this.#parts.node, afterMs, () => {
      this.#soon(...DRIFT_PARTS);
      this.#slowly(SLOWLY_MS);
    });
  }

  #hear(events: readonly NetworkEvent[]): void {
    const eniLinks = new Set(this.#parts.network.links);
    const eniIndexes = (): ReadonlySet<number> =>
      new Set([...eniLinks].flatMap((link) => findLink(this.#parts.node.socket, link)?.index ?? []));
    const watched = { eniLinks, eniIndexes, primaryIndex: this.#primaryIndex };
    this.#soon(...events.flatMap((event) => partOf(event, watched) ?? []));
    if (events.some((event) => event.kind === 'address' && event.index === this.#primaryIndex))
      this.#parts.addressed?.();
  }

  #soon(...parts: readonly DriftPart[]): void {
    for (const part of parts) this.#due.add(part);
    const { node } = this.#parts;
    if (this.#due.size === 0 || this.#isLooking || this.#cancel !== undefined) return;
    this.#cancel = later(node, this.#pace.waitMs(node.clock.monotonic()), () => {
      this.#cancel = undefined;
      this.#isLooking = true;
      void this.#look().finally(() => {
        this.#isLooking = false;
        this.#soon();
      });
    });
  }

  async #look(): Promise<void> {
    const { clock, logger, signal } = this.#parts.node;
    const parts = [...this.#due];
    this.#due.clear();
    let repaired = false;
    for (const part of parts) {
      if (signal.aborted) return;
      try {
        repaired = (await this.#repair(part)) || repaired;
        this.#failures.delete(part);
      } catch (caught) {
        const error = toHostError(caught);
        if (this.#failures.get(part)?.message !== error.message)
          logger.warn('part of the host network cannot be repaired', { error });
        this.#failures.set(part, error);
        later(this.#parts.node, AGAIN_MS, () => this.#soon(part));
      }
    }
    this.#pace.looked(clock.monotonic(), repaired);
  }

  /** Looks at one part; reports whether something was repaired. Throws what could not be. */
  async #repair(part: DriftPart): Promise<boolean> {
    const { node, network } = this.#parts;
    switch (part) {
      case 'network':
        return this.#repairNetwork();
      case 'packet-rules': {
        const made = await network.repairPacketRules();
        if (made) this.#tell([{ kind: 'packet-rules', what: `nft table ${NFT_TABLE}` }]);
        return made;
      }
      case 'sysctls': {
        const changed = await repairSysctls(node, network.links, this.#turn);
        this.#tell(changed.map((what) => ({ kind: 'sysctl', what })));
        return changed.length > 0;
      }
      default:
        return part satisfies never;
    }
  }

  async #repairNetwork(): Promise<boolean> {
    const steps = await this.#plan();
    if (steps.length === 0) return false;
    // What was there already, such as a rule that the list lacked while somebody changed others, is no repair.
    const done = applySteps(this.#parts.node.socket, steps);
    this.#tell(done.map((step) => ({ kind: repairKind(step), what: describeStep(step) })));
    return done.length > 0;
  }

  async #plan(): Promise<readonly Step[]> {
    const { node, network } = this.#parts;
    const before = network.allocations;
    const observed = await observeInTurns(node.socket, network.families, this.#turn);
    const wanted = network.wanted(observed);
    await this.#turn();
    const steps = diffNetwork(wanted, observed);
    const certain = stepsBeside(steps, changedAddresses(before, network.allocations));
    if (certain.length < steps.length) this.#soon('network');
    return certain;
  }

  readonly #turn = (): Promise<void> => new Promise((resolve) => this.#parts.node.clock.after(0, resolve));

  #tell(repairs: readonly { readonly kind: RepairKind; readonly what: string }[]): void {
    if (repairs.length === 0) return;
    this.#latest = repairs.map(({ what }) => what);
    for (const { kind } of repairs) this.#parts.repaired(kind, 1);
    this.#parts.node.logger.warn('somebody changed the network of this host: repaired', {
      changes: named(this.#latest),
    });
  }
}
