import { backoffMs, pausedMs } from '../../aws/index.ts';
import { type ErrorCode, type HostError, toHostError } from '../../errors/index.ts';
import type { LogFields } from '../../log/index.ts';
import type { Intent, PoolAction } from '../../pool/index.ts';
import type { Engine } from '../engine.ts';
import type { LaneName } from '../lane-holds.ts';
import type { Counts } from '../metrics/counts.ts';
import type { NodeNetwork } from '../node-network.ts';
import type { Node } from '../parts.ts';
import { NO_SLOT } from '../refusal.ts';
import type { Store } from '../store.ts';
import type { UnmanagedEnis } from '../unmanaged-enis.ts';
import type { Placement } from './placement.ts';

/** What EC2 changes work with. */
export interface LaneParts {
  readonly node: Node;
  readonly engine: Engine;
  readonly network: NodeNetwork;
  readonly store: Store;
  readonly unmanaged: UnmanagedEnis;
  readonly placement: Placement;
  /** Is told of every change that failed, for the metrics. */
  readonly failed?: Counts['failed'];
  /** Is told when EC2 has no slot for an ENI where we see one. */
  readonly slotTaken?: () => void;
  /** Takes over an EC2 change of which nobody knows how it ended. */
  readonly unsure: (intent: Intent) => void;
}

// What is granted only by people comes no sooner for being asked often. A subnet that is full rests by itself.
const SLOW_MS = 30_000;
const LONGEST_MS = 600_000;
const SLOW: ReadonlySet<ErrorCode> = new Set(['SUBNET_NONE_TAGGED', 'ENI_CONFIG_MISSING', 'IAM_DENIED']);

/** One direction of EC2 changes. Growth and shrink are lanes of their own: a detach that hangs delays no pod. */
export class Lane {
  readonly #parts: LaneParts;
  readonly #direction: LaneName;
  #failures = 0;

  constructor(parts: LaneParts, direction: LaneName) {
    this.#parts = parts;
    this.#direction = direction;
  }

  /** Does the work and logs how it ended; a failure holds the lane back, longer each time, with jitter. Never throws. */
  async run(of: PoolAction, work: () => Promise<LogFields>): Promise<void> {
    const { node, engine } = this.#parts;
    const { kind: action } = of;
    const card = of.kind === 'create-eni' && node.limits.cards.length > 1 ? of.card : undefined;
    const started = node.clock.monotonic();
    const duration = (): number => Math.round(node.clock.monotonic() - started);
    try {
      const done = await work();
      if (engine.holds.succeed(this.#direction, started)) this.#failures = 0;
      if (card !== undefined) engine.holds.openCard(card);
      node.logger.info('finished', { action, ...done, duration_ms: duration() });
    } catch (caught) {
      if (node.signal.aborted) return node.logger.info('interrupted, the next start goes on', { action });
      const error = toHostError(caught);
      // Sooner than EC2 is asked again nothing comes of trying.
      const wait = Math.max(this.#waitAfter(error), pausedMs(error));
      this.#failures += 1;
      this.#parts.failed?.(action, error);
      // Of several cards only that one has no slot.
      if (card !== undefined && NO_SLOT.has(error.code)) engine.holds.holdCard(card, wait, error);
      else engine.hold(this.#direction, wait, error);
      if (NO_SLOT.has(error.code)) this.#parts.slotTaken?.();
      node.logger.warn(`failed, trying again in ${Math.round(wait)} ms`, { action, error, duration_ms: duration() });
    }
    engine.kick();
  }

  #waitAfter({ code }: HostError): number {
    // What EC2 says of the ENIs there are ends it; each attempt costs an ENI that is made and deleted.
    if (NO_SLOT.has(code)) return Math.min(LONGEST_MS, SLOW_MS * 2 ** this.#failures);
    return SLOW.has(code) ? SLOW_MS : backoffMs({ attempt: this.#failures, random: Math.random() });
  }
}
