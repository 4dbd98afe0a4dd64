import { createChance } from './chance.ts';
import { type Asked, type Decision, type DialState, decide } from './decide.ts';
import type { BucketMode, Dial } from './dial.ts';

/** The dials that are set, one per action: setting an action again replaces it. */
export class Dials {
  readonly #chance: ReturnType<typeof createChance>;
  #state: DialState;

  /** Equal seeds give equal chances. Without `buckets`, nobody is throttled until a dial says so. */
  constructor(options: { readonly seed?: number; readonly buckets?: BucketMode } = {}) {
    this.#chance = createChance(options.seed ?? 1);
    this.#state = { dials: new Map(), levels: new Map(), buckets: options.buckets ?? 'off' };
  }

  /** Sets a dial. */
  set(dial: Dial): void {
    this.#state = { ...this.#state, dials: new Map(this.#state.dials).set(dial.action, dial) };
  }

  /** Removes the dial of an action, or all of them; the buckets EC2 documents stay as they are. */
  clear(action?: string): void {
    const dials = new Map(action === undefined ? [] : this.#state.dials);
    if (action !== undefined) dials.delete(action);
    this.#state = { ...this.#state, dials };
  }

  /** The dials now set, with the times they have left. */
  list(): readonly Dial[] {
    return [...this.#state.dials.values()];
  }

  /** The buckets of actions for which no dial names one. */
  get buckets(): BucketMode {
    return this.#state.buckets;
  }
  /** Switches them; every bucket is full afterwards. */
  setBuckets(buckets: BucketMode): void {
    this.#state = { ...this.#state, buckets, levels: new Map() };
  }

  /** What happens to this request. The dial it meets is counted down, its bucket loses a token. */
  decide(asked: Asked): Decision {
    const { decision, state } = decide(this.#state, asked, this.#chance);
    this.#state = state;
    return decision;
  }
}
