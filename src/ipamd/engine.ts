import { type ErrorCode, HostError, toHostError } from '../errors/index.ts';
import {
  type Allocation,
  cardsOf,
  type DecideInput,
  decide,
  type Owner,
  type Pool,
  type PoolAction,
  type PoolEvent,
  sameOwner,
} from '../pool/index.ts';
import { Assigning, type Wanted } from './assigning.ts';
import { LaneHolds, type LaneName } from './lane-holds.ts';
import { allocationsOf } from './nics.ts';
import type { Failure, Node } from './parts.ts';
import { isAtRest, type Policy } from './policy.ts';
import { Progress } from './progress.ts';
import { cardRefusal, growingRefusal, passes, refusalOf } from './refusal.ts';
import type { Store } from './store.ts';
import { Waiters } from './waiters.ts';

/** Well below the 5 s for which the plugin looks for a daemon. */
const STOP_WAIT_MS = 2_000;

/** What the engine drives and tells. */
export interface EngineEffects {
  /** Carries out one action: marks the pool before it asks EC2, leaves it consistent however it ends, never throws. */
  readonly run: (action: PoolAction) => Promise<void>;
  /** Called after each change of the pool, and whenever something happened that may be followed by one. */
  readonly changed: () => void;
  /** An ADD finds no address and waits; why. */
  readonly waits?: (cause: ErrorCode) => void;
  /** What the operator and the subnets allow now. */
  readonly policy: () => Policy;
}

type Parts = Pick<Node, 'clock' | 'limits' | 'targets' | 'settings' | 'logger' | 'identity' | 'signal'>;

/**
 * The one owner of the pool. An allocation is written down before it counts; what EC2 says changes the pool through
 * `change`; each serves waiting pods and asks for the next decision. Nothing here sleeps to see whether something changed.
 */
export class Engine {
  readonly #parts: Parts;
  readonly #store: Store;
  readonly #effects: EngineEffects;
  readonly #pool: Pool;
  readonly #assigning: Assigning;
  readonly #waiters: Waiters;
  #scheduled = false;
  #touched = false;
  readonly #whenPassed: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #gatheringSinceMs: number | undefined;
  readonly #holds: LaneHolds;
  readonly #progress: Progress;
  #revision = 0;
  #running = new Set<Promise<void>>();

  constructor(parts: Parts, store: Store, pool: Pool, effects: EngineEffects) {
    this.#parts = parts;
    this.#store = store;
    this.#pool = pool;
    this.#effects = effects;
    this.#holds = new LaneHolds(parts.clock);
    this.#progress = new Progress(this.#holds);
    this.#assigning = new Assigning(parts, store, pool);
    this.#waiters = new Waiters(parts.clock, parts.settings.ADD_WAIT_SECONDS * 1000);
  }

  /** To be read; whoever changes it does so inside `change`. */
  get pool(): Pool {
    return this.#pool;
  }

  /** The last thing EC2 or the kernel refused, and when; cleared by the next success. */
  get failure(): Failure | undefined {
    return this.#holds.latest;
  }

  get waiting(): number {
    return this.#waiters.count;
  }

  /** Grows with each change of ENIs, CIDRs or growth under way: who compares the pool with an older answer can tell. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether EC2 has been asked for something that is not finished. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** Takes down what keeps addresses from pods, or lets them be used again; it counts even when it cannot be written. */
  note(events: readonly PoolEvent[]): void {
    try {
      this.#store.append(events);
    } catch (error) {
      this.#parts.logger.error('a quarantine cannot be written down', { error: toHostError(error) });
    }
    for (const event of events) this.#pool.apply(event);
    this.kick();
  }

  /** Changes ENIs, CIDRs or growth under way: serves pods that wait, then asks what to do next. */
  change(work: (pool: Pool) => void): void {
    work(this.#pool);
    this.#revision += 1;
    this.#store.foldLater();
    this.#serveWaiting();
    this.kick();
  }

  /** Asks for a decision soon; many calls in one turn make one decision. */
  kick(): void {
    this.#touched = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#parts.signal.aborted) return;
    this.#scheduled = true;
    this.#parts.clock.after(0, () => {
      this.#scheduled = false;
      this.#pass();
    });
  }

  /** Ends after the next decision: the one queue through which the pool changes goes on. */
  passed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenPassed.push(resolve);
    // Not a kick: who only looks whether we live is no reason to think that something has happened.
    this.#schedule();
    return promise;
  }

  /** Holds a lane back after a failure and remembers why. */
  hold(lane: LaneName, forMs: number, failure: HostError): void {
    this.#holds.hold(lane, forMs, failure);
  }

  /** What holds the lanes back. */
  get holds(): LaneHolds {
    return this.#holds;
  }

  /** The owner's first allocation, if it has one. */
  find(owner: Owner): Allocation | undefined {
    return this.#pool.find(owner)[0];
  }

  /** The network cards that pods get addresses of. */
  get cards(): readonly number[] {
    return cardsOf(this.#parts.limits, this.#pool);
  }

  /**
   * An address for each interface of a pod, all or none, written down before they are returned. Waits up to
   * ADD_WAIT_SECONDS for growth that can help; throws the cause otherwise: `POOL_GROWING`, `COOLDOWN_WAIT`, `ENI_LIMIT`,
   * what EC2 refused, or `CARD_EMPTY` of a pod that wants an address of one card.
   */
  async allocate(wanted: readonly Wanted[], gone: AbortSignal): Promise<readonly Allocation[]> {
    this.kick();
    const allocations = this.waiting === 0 ? this.#assigning.serve([wanted])[0] : this.#assigning.present(wanted);
    if (allocations !== undefined) return allocations;
    const why = (): HostError => this.#refusalFor(wanted) ?? this.#growing;
    this.#effects.waits?.(why().code);
    return this.#waiters.wait(wanted, gone, why);
  }

  /** Ends an ADD of this owner that still waits: its DEL has come, nobody will use the address. */
  cancel(owner: Owner): void {
    const { containerId, ifName } = owner;
    const refusal = new HostError('ATTACHMENT_UNKNOWN', { containerId, ifName });
    this.#waiters.refuse(([first]) => (first !== undefined && sameOwner(first.owner, owner) ? refusal : undefined));
  }

  /** Takes all addresses of an attachment into cooldown, those of its other NICs too; does nothing when it has none. */
  release(owner: Owner): void {
    const { clock, settings } = this.#parts;
    const untilMs = clock.monotonic() + settings.IP_COOLDOWN_PERIOD * 1000;
    const owners = allocationsOf(this.#pool, owner).map((allocation) => allocation.owner);
    const events = owners.flatMap((each) => this.#pool.release(each, untilMs));
    if (events.length === 0) return;
    // Written first: when that fails, memory and disk still agree, and the DEL is repeated.
    this.#store.append(events);
    for (const event of events) this.#pool.apply(event);
    this.kick();
  }

  /**
   * Stops deciding, and waits a little for what EC2 was already asked for. What takes longer is left to the next start,
   * which finds its intent: the plugin waits for that daemon, and not for ever.
   */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(STOP_WAIT_MS, resolve);
    await Promise.race([Promise.allSettled(this.#running), enough]);
    cancel();
    this.#store.close();
  }

  get #growing(): HostError {
    return growingRefusal(this.#parts, this.#pool, this.holds.failureOf('growth'));
  }

  /** Why no address can be handed out now, of this card or at all; `undefined` when one can. */
  refusal(card?: number): HostError | undefined {
    // What cannot be written down must not be handed out: after a crash it would have two owners.
    if (this.#store.refusal !== undefined) return this.#store.refusal;
    const { because } = this.#effects.policy();
    const why = { failure: this.#holds.growthFailureOf(card), because };
    return card === undefined
      ? refusalOf(this.#parts, this.#pool, why)
      : cardRefusal(this.#parts, this.#pool, { ...why, card });
  }

  #refusalFor(wanted: readonly Wanted[]): HostError | undefined {
    for (const { card } of wanted) {
      const refusal = this.refusal(card);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** What a decision is made from; rests that were over at `nowMs` must have been ended. */
  decideInput(policy = this.#effects.policy(), nowMs = this.#parts.clock.monotonic()): DecideInput {
    const { limits, targets } = this.#parts;
    const { untils: holds } = this.#holds;
    const { any: waiting, ofCard: waitingOn } = this.#waiters.wants;
    const own = { view: this.#pool, waiting, waitingOn, gatheringSinceMs: this.#gatheringSinceMs, holds };
    return { limits, targets, nowMs, ...own, ...policy };
  }

  #serveWaiting(): void {
    this.#waiters.serve((pods) => this.#assigning.serve(pods));
  }

  /** Tells waiting pods at once when nothing under way can help them: a full node, an empty subnet, a missing right. */
  #refuseHopeless(): void {
    if (this.waiting === 0) return;
    const { looking = false } = this.#effects.policy();
    this.#waiters.refuse((wanted) => {
      const refusal = this.#refusalFor(wanted);
      return refusal === undefined || passes(refusal, looking) ? undefined : refusal;
    });
  }

  #pass(): void {
    const { clock, logger } = this.#parts;
    const nowMs = clock.monotonic();
    this.#pool.endCooldowns(nowMs);
    this.#serveWaiting();
    if (this.#touched) this.#effects.changed();
    this.#touched = false;
    const policy = this.#effects.policy();
    const { actions, wakeAtMs, gathering } = decide(this.decideInput(policy, nowMs));
    this.#gatheringSinceMs = gathering ? (this.#gatheringSinceMs ?? nowMs) : undefined;
    for (const action of actions) {
      const { kind, eniId: eni_id, ...rest } = { eniId: undefined, ...action };
      logger.info('started', { action: kind, eni_id, ...rest });
      const ended = this.#progress.begin(action, this.#pool);
      const run = this.#effects.run(action).finally(() => {
        this.#running.delete(run);
        ended();
      });
      this.#running.add(run);
    }
    if (actions.length === 0) this.#refuseHopeless();
    const wakes = [wakeAtMs, isAtRest(policy) && !this.busy && actions.length === 0 && this.#holds.endFailures(nowMs)];
    const wakeMs = Math.min(...wakes.filter((ms) => typeof ms === 'number'));
    this.#cancelTimer?.();
    if (Number.isFinite(wakeMs)) this.#cancelTimer = clock.after(wakeMs - nowMs, () => this.kick());
    for (const tell of this.#whenPassed.splice(0)) tell();
  }
}
