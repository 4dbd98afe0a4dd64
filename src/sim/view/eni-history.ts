import { MAX_LAG_MS } from '../dials/index.ts';
import type { SimEni } from '../model/index.ts';

/** The past takes memory; when more happens in that time, the oldest of it is forgotten. */
const MOST_CHANGES = 10_000;
const SWEEP_AFTER = 1_000;
const MOST_GHOSTS = 100;

/** One change of an ENI: what it was before (nothing: it is new) and after (nothing: it is gone). */
export interface EniChange {
  readonly at: number;
  readonly before: SimEni | undefined;
  readonly after: SimEni | undefined;
}

/** The near past of ENIs, as immutable values. Times are milliseconds and never go back. */
export class EniHistory {
  #changes: EniChange[] = [];
  #sweepAt = SWEEP_AFTER;
  readonly #ghosts = new Map<string, SimEni>();

  /** Takes note of a change, after every earlier one. */
  note(change: EniChange): void {
    this.#changes.push(change);
    this.#noteGhost(change);
    if (this.#changes.length < this.#sweepAt) return;
    const oldest = change.at - MAX_LAG_MS;
    this.#changes = this.#changes.filter(({ at }) => at >= oldest).slice(-MOST_CHANGES);
    this.#sweepAt = this.#changes.length + SWEEP_AFTER;
  }

  /** The ENIs that have changed after `time`, as they were then; nothing for one that was not there yet. */
  changedSince(time: number): ReadonlyMap<string, SimEni | undefined> {
    const then = new Map<string, SimEni | undefined>();
    for (let index = this.#changes.length - 1; index >= 0; index -= 1) {
      const change = this.#changes[index];
      if (change === undefined || change.at <= time) break;
      then.set(change.before?.id ?? change.after?.id ?? '', change.before);
    }
    return then;
  }

  /** ENIs that have left their instance or are deleted, as they were when last in use, the latest last. */
  ghosts(): readonly SimEni[] {
    return [...this.#ghosts.values()];
  }

  #noteGhost({ before, after }: EniChange): void {
    if (before === undefined) return;
    const left = before.attachment?.state === 'attached' && after?.attachment?.state !== 'attached';
    const gone = after === undefined && !this.#ghosts.has(before.id);
    if (!left && !gone) return;
    this.#ghosts.delete(before.id);
    this.#ghosts.set(before.id, before);
    const [first] = this.#ghosts.keys();
    if (this.#ghosts.size > MOST_GHOSTS && first !== undefined) this.#ghosts.delete(first);
  }
}
