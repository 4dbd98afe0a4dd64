import { HostError, toHostError } from '../errors/index.ts';
import { type Clock, systemClock } from '../sys/index.ts';
import { Breaker, type Pause } from './breaker.ts';
import { RATES } from './rates.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Ec2Action } from './types.ts';

/** Longer than this nobody waits for a token of our own: the caller has its own order of what to do meanwhile. */
const MOST_WAIT_MS = 10_000;

/** An action that is not asked for at present. `untilMs` is wall time, ms since the epoch. */
export interface PausedAction extends Pause {
  readonly action: Ec2Action;
}

/** What can be seen of the requests of a process to EC2. */
export interface TrafficView {
  /** The actions that are not asked for at present, with the reason. */
  paused(): readonly PausedAction[];
}

/** How long an action whose refusal this is will not be asked for; 0 while it may be. Sooner nothing can come of trying. */
export function pausedMs(error: unknown): number {
  const ms = error instanceof HostError ? error.details['pausedMs'] : 0;
  return typeof ms === 'number' ? ms : 0;
}

/** Of a process that sends nothing. */
export const NO_TRAFFIC: TrafficView = { paused: () => [] };

/** Time and chance, as values. */
export interface TrafficEdges {
  readonly clock?: Pick<Clock, 'now' | 'monotonic' | 'sleep'> | undefined;
  /** A number in [0, 1). */
  readonly random?: (() => number) | undefined;
}

/**
 * The gate before EC2, one for a process: each action has a token bucket and a circuit breaker. A request that must
 * not go fails as EC2's own refusal would, and costs no call.
 */
export class Traffic implements TrafficView {
  readonly #clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
  readonly #random: () => number;
  readonly #gates = new Map<Ec2Action, { readonly bucket: TokenBucket; readonly breaker: Breaker }>();

  constructor({ clock = systemClock, random = Math.random }: TrafficEdges = {}) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Sends one request when its turn comes. `send` fails with a `HostError` of `classifyEc2Error`. */
  async pass<T>(action: Ec2Action, send: () => Promise<T>): Promise<T> {
    const clock = this.#clock;
    const { bucket, breaker } = this.#gate(action);
    const passage = breaker.enter(clock.monotonic());
    if (passage.kind === 'stay') throw this.#refusal(action, passage.pause);
    const waited = await this.#turn(action, bucket);
    if (waited !== undefined) {
      breaker.abandon(passage);
      throw waited;
    }
    // Others were refused while this one waited.
    if (!passage.probe && breaker.pause !== undefined) throw this.#refusal(action, breaker.pause);
    const sent = await send().then(
      (answer) => ({ kind: 'answer', answer, error: undefined }) as const,
      (caught: unknown) => ({ kind: 'refused', error: toHostError(caught) }) as const,
    );
    const { error } = sent;
    const nowMs = clock.monotonic();
    breaker.leave(passage, { error, nowMs, random: this.#random() });
    if (error?.code === 'EC2_THROTTLED') bucket.throttled(nowMs);
    else if (error?.code !== 'EC2_UNREACHABLE') bucket.answered(nowMs);
    if (sent.kind === 'answer') {
      for (const gate of this.#gates.values()) gate.breaker.heard(nowMs);
      return sent.answer;
    }
    const { pause } = breaker;
    throw pause === undefined ? sent.error : paused(sent.error, pause.untilMs - nowMs);
  }

  paused(): readonly PausedAction[] {
    const paused: PausedAction[] = [];
    for (const [action, { breaker }] of this.#gates)
      if (breaker.pause !== undefined) {
        const { error, untilMs } = breaker.pause;
        paused.push({ action, error, untilMs: this.#wallTime(untilMs) });
      }
    return paused;
  }

  /** Waits for a token; the refusal when that would take too long. */
  async #turn(action: Ec2Action, bucket: TokenBucket): Promise<HostError | undefined> {
    const { taken, waitMs } = bucket.take(this.#clock.monotonic(), MOST_WAIT_MS);
    if (!taken) {
      const reason = `this node has asked so often that the next request is due in ${waitMs} ms only`;
      return paused(new HostError('EC2_THROTTLED', { action, reason, ec2Code: 'none' }), waitMs - MOST_WAIT_MS);
    }
    if (waitMs > 0) await this.#clock.sleep(waitMs);
    return undefined;
  }

  #refusal(action: Ec2Action, { error, untilMs }: Pause): HostError {
    const until = new Date(this.#wallTime(untilMs)).toISOString();
    const reason = `${error.details['reason']} (asked again from ${until} on)`;
    return paused(
      new HostError(error.code, { ...error.details, action, reason }, error),
      untilMs - this.#clock.monotonic(),
    );
  }

  #wallTime(monotonicMs: number): number {
    return Math.round(this.#clock.now() + monotonicMs - this.#clock.monotonic());
  }

  #gate(action: Ec2Action): { readonly bucket: TokenBucket; readonly breaker: Breaker } {
    const known = this.#gates.get(action);
    if (known !== undefined) return known;
    const gate = { bucket: new TokenBucket(RATES[action]), breaker: new Breaker() };
    this.#gates.set(action, gate);
    return gate;
  }
}

/** The refusal of an action that is not asked for before so long. */
function paused(error: HostError, ms: number): HostError {
  return new HostError(error.code, { ...error.details, pausedMs: Math.max(0, Math.ceil(ms)) }, error.cause);
}
