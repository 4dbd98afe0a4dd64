import { pausedMs } from '../aws/index.ts';
import { toHostError } from '../errors/index.ts';
import { CONFLIST_PATH } from '../hostspec/index.ts';
import { poolFigures } from '../pool/index.ts';
import { notify } from '../systemd/index.ts';
import { publishConflist } from './conflist.ts';
import type { Engine } from './engine.ts';
import { later } from './later.ts';
import type { Node } from './parts.ts';

const PUBLISH_AGAIN_MS = 2_000;
/**
 * How much longer systemd is asked to wait for the first address: a new process would wait for the same. Longer than the
 * usual pause before growth that EC2 has refused is tried again; an action that is not asked for comes on top.
 */
const EXTEND_MS = 120_000;

/**
 * When this daemon became ready. Ready is: an address can be handed out, or pods are served already; then, and not
 * before, the conflist appears and systemd is told.
 */
export class Readiness {
  readonly #node: Node;
  readonly #engine: Engine;
  readonly #beganMs: number;
  readonly #notifySocket: string | undefined;
  #publishing = false;
  #afterMs: number | undefined;

  constructor(
    node: Node,
    engine: Engine,
    run: { readonly beganMs: number; readonly notifySocket: string | undefined },
  ) {
    this.#node = node;
    this.#engine = engine;
    this.#beganMs = run.beganMs;
    this.#notifySocket = run.notifySocket;
  }

  /** Milliseconds from the start until ready; `undefined` before. */
  get afterMs(): number | undefined {
    return this.#afterMs;
  }

  /** Looks at the pool after a change of it. */
  look(): void {
    if (this.#afterMs !== undefined || this.#publishing) return;
    const { limits, targets } = this.#node;
    const { free, assigned } = poolFigures(this.#engine.pool, limits, targets.mode);
    if (free === 0 && assigned === 0) {
      this.#tellWaiting();
      return;
    }
    this.#publishing = true;
    publishConflist(this.#node).then(
      () => this.#ready(free, assigned),
      (error: unknown) => this.#publishAgain(error),
    );
  }

  /** Puts the conflist back if somebody took it away: without it the runtime has no network at all. */
  keep(): void {
    if (this.#afterMs === undefined || this.#node.files.fact(CONFLIST_PATH).kind !== 'absent') return;
    this.#node.logger.warn('the conflist is gone, writing it again', { path: CONFLIST_PATH });
    publishConflist(this.#node).catch((error: unknown) => {
      this.#node.logger.error('the conflist cannot be written, trying again', { error: toHostError(error) });
    });
  }

  #ready(free: number, assigned: number): void {
    this.#afterMs = Math.round(this.#node.clock.monotonic() - this.#beganMs);
    const status = { kind: 'status', text: `${free} addresses free, ${assigned} in use` } as const;
    notify(this.#notifySocket, [{ kind: 'ready' }, status]);
    this.#node.logger.info('ready', { ready_ms: this.#afterMs, free, assigned });
  }

  #publishAgain(caught: unknown): void {
    const error = toHostError(caught);
    this.#node.logger.error('the conflist cannot be written, trying again', { error });
    this.#engine.hold('growth', 0, error);
    notify(this.#notifySocket, [{ kind: 'status', text: error.message }]);
    later(this.#node, PUBLISH_AGAIN_MS, () => {
      this.#publishing = false;
      this.look();
    });
  }

  #tellWaiting(): void {
    const text = this.#engine.refusal()?.message ?? 'waiting for the first address';
    notify(this.#notifySocket, [
      { kind: 'status', text },
      { kind: 'extend-timeout', ms: EXTEND_MS + pausedMs(this.#engine.holds.failureOf('growth')) },
    ]);
  }
}
