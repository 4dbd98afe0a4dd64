import { type ErrorCode, HostError, toHostError } from '../errors/index.ts';
import {
  type Allocation,
  assignAddress,
  countPool,
  decide,
  endCooldowns,
  explainRefusal,
  findAllocation,
  type Owner,
  type PoolAction,
  type PoolState,
  releaseAddress,
  sameOwner,
} from '../pool/index.ts';
import type { Failure, Node } from './parts.ts';
import type { Store } from './store.ts';

/** How long an ADD waits for growth that is under way. Runtimes give a sandbox minutes; EC2 attaches in 2–10 s. */
const ALLOCATE_WAIT_MS = 30_000;
/** Well below the 5 s for which the plugin looks for a daemon. */
const STOP_WAIT_MS = 2_000;

/** What the engine drives and tells. */
export interface EngineEffects {
  /** Carries out one action: marks the pool before it asks EC2, leaves it consistent however it ends, never throws. */
  readonly run: (action: PoolAction) => Promise<void>;
  /** Called after each change of the pool, and whenever something happened that may be followed by one. */
  readonly changed: () => void;
}

/** The two directions of EC2 changes; each is held back by its own failures. */
export type LaneName = 'growth' | 'shrink';

/** Refusals that pass by themselves within the time an ADD waits; any other cause is told to the runtime at once. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['POOL_GROWING', 'COOLDOWN_WAIT', 'EC2_THROTTLED', 'EC2_UNREACHABLE']);

interface Waiter {
  readonly owner: Owner;
  readonly resolve: (allocation: Allocation) => void;
  readonly reject: (refusal: HostError) => void;
}

type Parts = Pick<Node, 'clock' | 'limits' | 'targets' | 'settings' | 'logger' | 'identity' | 'signal'>;

/**
 * The one owner of the pool. Every change passes through `update`, which writes the checkpoint, serves waiting pods and
 * asks for the next decision; nothing else decides, and nothing here sleeps to see whether something has changed.
 */
export class Engine {
  readonly #parts: Parts;
  readonly #store: Store;
  readonly #effects: EngineEffects;
  #state: PoolState;
  #waiters: readonly Waiter[] = [];
  #scheduled = false;
  #touched = false;
  #whenPassed: readonly (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #holdGrowthUntilMs = 0;
  #holdShrinkUntilMs = 0;
  readonly #failures: Record<LaneName, Failure | undefined> = { growth: undefined, shrink: undefined };
  #running = new Set<Promise<void>>();

  constructor(parts: Parts, store: Store, state: PoolState, effects: EngineEffects) {
    this.#parts = parts;
    this.#store = store;
    this.#state = state;
    this.#effects = effects;
  }

  get state(): PoolState {
    return this.#state;
  }

  /** The last thing EC2 or the kernel refused, and when; cleared by the next success. */
  get failure(): Failure | undefined {
    const { growth, shrink } = this.#failures;
    return growth === undefined || (shrink !== undefined && shrink.atMs > growth.atMs) ? shrink : growth;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Changes the pool: serves pods that wait, then asks what to do next. */
  update(change: (state: PoolState) => PoolState): void {
    this.#state = change(this.#state);
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
    setImmediate(() => {
      this.#scheduled = false;
      this.#pass();
    });
  }

  /** Ends after the next decision: the one queue through which the pool changes goes on. */
  passed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenPassed = [...this.#whenPassed, resolve];
    // Not a kick: who only looks whether we live is no reason to think that something has happened.
    this.#schedule();
    return promise;
  }

  /** Holds a lane back after a failure and remembers why. */
  hold(lane: LaneName, forMs: number, failure: HostError): void {
    const atMs = this.#parts.clock.now();
    const until = atMs + forMs;
    if (lane === 'growth') this.#holdGrowthUntilMs = until;
    else this.#holdShrinkUntilMs = until;
    this.#failures[lane] = { error: failure, atMs };
  }

  /** Forgets earlier failures of a lane. */
  succeed(lane: LaneName): void {
    if (lane === 'growth') this.#holdGrowthUntilMs = 0;
    else this.#holdShrinkUntilMs = 0;
    this.#failures[lane] = undefined;
  }

  /** The owner's allocation, if it has one. */
  find(owner: Owner): Allocation | undefined {
    return findAllocation(this.#state, owner);
  }

  /**
   * An address for the owner, on disk before it is returned. Waits up to 30 s for growth that can help; throws the
   * cause otherwise: `POOL_GROWING`, `COOLDOWN_WAIT`, `ENI_LIMIT`, or what EC2 refused.
   */
  async allocate(owner: Owner, gone: AbortSignal): Promise<Allocation> {
    const allocation = this.#waiters.length === 0 ? this.#tryAssign(owner) : this.find(owner);
    if (allocation !== undefined) {
      this.kick();
      return allocation;
    }
    return this.#wait(owner, gone);
  }

  /** Ends an ADD of this owner that still waits: its DEL has come, nobody will use the address. */
  cancel(owner: Owner): void {
    const { containerId, ifName } = owner;
    for (const waiter of this.#waiters)
      if (sameOwner(waiter.owner, owner)) waiter.reject(new HostError('ATTACHMENT_UNKNOWN', { containerId, ifName }));
  }

  /** Takes the owner's address into cooldown; `undefined` when it has none. */
  release(owner: Owner): Allocation | undefined {
    const untilMs = this.#parts.clock.now() + this.#parts.settings.IP_COOLDOWN_PERIOD * 1000;
    const released = releaseAddress(this.#state, { owner, untilMs });
    if (released === undefined) return undefined;
    // Written first: when that fails, memory and disk still agree, and the DEL is repeated.
    this.#store.save(released.state);
    this.#state = released.state;
    this.kick();
    return released.allocation;
  }

  /**
   * Stops deciding, and waits a little for what EC2 was already asked for. What takes longer is left to the next start,
   * which finds its intent: the plugin waits for that daemon, and not for ever.
   */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    const enough = new Promise((resolve) => setTimeout(resolve, STOP_WAIT_MS).unref());
    await Promise.race([Promise.allSettled(this.#running), enough]);
  }

  /** Why no address can be handed out now; `undefined` when one can. */
  refusal(): HostError | undefined {
    const nowMs = this.#parts.clock.now();
    const state = endCooldowns(this.#state, nowMs);
    if (countPool(state).free > 0) return undefined;
    const refusal = explainRefusal(state, this.#parts.limits, nowMs);
    const { instanceType } = this.#parts.identity;
    const make = (code: ErrorCode, details: HostError['details']): HostError =>
      new HostError(code, details, this.#failures.growth?.error);
    switch (refusal.kind) {
      case 'growing':
        return this.#growing();
      case 'cooldown':
        return make('COOLDOWN_WAIT', { cooldown: refusal.count, waitMs: refusal.waitMs });
      case 'full':
        return make('ENI_LIMIT', { ...refusal, instanceType, limit: this.#parts.limits.maxEnis });
      case 'short':
        return this.#failures.growth?.error ?? this.#growing();
      default:
        return refusal satisfies never;
    }
  }

  #serveWaiting(): void {
    for (const waiter of this.#waiters)
      try {
        const allocation = this.#tryAssign(waiter.owner);
        if (allocation === undefined) return;
        waiter.resolve(allocation);
      } catch (error) {
        // A full file system is told to the pod that needed the checkpoint; the daemon goes on.
        waiter.reject(toHostError(error));
      }
  }

  #tryAssign(owner: Owner): Allocation | undefined {
    const { clock } = this.#parts;
    const since = BigInt(clock.now()) * 1_000_000n;
    const assigned = assignAddress(this.#state, { owner, nowMs: clock.now(), since });
    if (assigned === undefined) return undefined;
    if (assigned.state !== this.#state) {
      this.#store.save(assigned.state);
      this.#state = assigned.state;
    }
    return assigned.allocation;
  }

  #wait(owner: Owner, gone: AbortSignal): Promise<Allocation> {
    const { promise, resolve, reject } = Promise.withResolvers<Allocation>();
    const waiter: Waiter = { owner, resolve, reject };
    this.#waiters = [...this.#waiters, waiter];
    // A waiter that was served or refused stays in the list until its promise is heard: serving twice is harmless.
    const give = (): void => reject(this.refusal() ?? this.#growing());
    const deadline = setTimeout(give, ALLOCATE_WAIT_MS);
    if (gone.aborted) give();
    gone.addEventListener('abort', give, { once: true });
    this.kick();
    return promise.finally(() => {
      clearTimeout(deadline);
      gone.removeEventListener('abort', give);
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    });
  }

  #growing(): HostError {
    const wanted = countPool(this.#state).pending;
    return new HostError('POOL_GROWING', { wanted }, this.#failures.growth?.error);
  }

  /** Tells waiting pods at once when nothing under way can help them: a full node, an empty subnet, a missing right. */
  #refuseHopeless(): void {
    const refusal = this.#waiters.length === 0 ? undefined : this.refusal();
    if (refusal === undefined || PASSING.has(refusal.code)) return;
    for (const waiter of this.#waiters) waiter.reject(refusal);
  }

  #pass(): void {
    const { clock, limits, targets, logger } = this.#parts;
    const nowMs = clock.now();
    this.#state = endCooldowns(this.#state, nowMs);
    this.#serveWaiting();
    if (this.#touched) this.#effects.changed();
    this.#touched = false;
    const { actions, wakeAtMs } = decide({
      state: this.#state,
      limits,
      targets,
      waiting: this.#waiters.length,
      nowMs,
      holdGrowthUntilMs: this.#holdGrowthUntilMs,
      holdShrinkUntilMs: this.#holdShrinkUntilMs,
    });
    for (const action of actions) {
      const { kind, ...details } = action;
      const { eniId, ...rest } = { eniId: undefined, ...details };
      logger.info('started', { action: kind, eni_id: eniId, ...rest });
      const run = this.#effects.run(action).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
    if (actions.length === 0) this.#refuseHopeless();
    clearTimeout(this.#timer);
    if (wakeAtMs !== undefined) this.#timer = setTimeout(() => this.update((state) => state), wakeAtMs - nowMs);
    for (const tell of this.#whenPassed) tell();
    this.#whenPassed = [];
  }
}
