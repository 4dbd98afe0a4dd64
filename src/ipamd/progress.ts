import { backoffMs } from '../aws/index.ts';
import { HostError } from '../errors/index.ts';
import type { PoolAction, PoolView } from '../pool/index.ts';
import { type LaneHolds, type LaneName, laneOf } from './lane-holds.ts';

/**
 * Guards against work without end: an action that ends well and changes nothing would be decided again at once, and for
 * ever. Its lane is then held back, longer each time.
 */
export class Progress {
  readonly #holds: LaneHolds;
  readonly #idle: Record<LaneName, number> = { growth: 0, shrink: 0 };

  constructor(holds: LaneHolds) {
    this.#holds = holds;
  }

  /** Call it when an action begins, and what it returns when the action has ended. */
  begin(action: PoolAction, pool: PoolView): () => void {
    const lane = laneOf(action);
    const before = shapeOf(pool);
    return () => {
      if (shapeOf(pool) !== before) {
        this.#idle[lane] = 0;
        return;
      }
      // A lane that has failed is held back already.
      if (this.#holds.failureOf(lane) !== undefined) return;
      const waitMs = backoffMs({ attempt: this.#idle[lane], random: 1 });
      this.#idle[lane] += 1;
      this.#holds.hold(lane, waitMs, new HostError('NO_PROGRESS', { action: action.kind }));
    };
  }
}

/** What actions change: ENIs and their CIDRs. */
function shapeOf(pool: PoolView): string {
  return [...pool.enis.values()].map(({ id, cidrs }) => `${id} ${[...cidrs.keys()].join()}`).join(';');
}
