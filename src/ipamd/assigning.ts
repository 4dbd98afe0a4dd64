import { type Allocation, type Choice, cardsOf, kindsOf, type Owner, type Pool } from '../pool/index.ts';
import type { Node } from './parts.ts';
import type { Store } from './store.ts';

/** An address wanted for one interface of a pod: of this network card, or of whichever has one. */
export interface Wanted {
  readonly owner: Owner;
  readonly card?: number;
}

type Given = Extract<Choice, { kind: 'new' }>['event'];

/** Gives addresses of the pool away, each written down before anybody is told. */
export class Assigning {
  readonly #parts: Pick<Node, 'clock' | 'limits' | 'targets'>;
  readonly #store: Store;
  readonly #pool: Pool;

  constructor(parts: Pick<Node, 'clock' | 'limits' | 'targets'>, store: Store, pool: Pool) {
    this.#parts = parts;
    this.#store = store;
    this.#pool = pool;
  }

  /**
   * Serves pods in order, each with all that it wants or with nothing, as far as there are addresses, with one write for
   * all; throws when that fails, and then nothing has happened. `undefined` for each that has to wait.
   */
  serve(pods: readonly (readonly Wanted[])[]): readonly (readonly Allocation[] | undefined)[] {
    const events: Given[] = [];
    const served: boolean[] = [];
    for (const wanted of pods) {
      const choices = this.#choose(wanted);
      served.push(choices !== undefined);
      // Nobody behind a pod that found none on any card can find one. Behind one that lacks some card's, others can.
      if (choices === undefined && wanted.every(({ card }) => card === undefined)) break;
      for (const choice of choices ?? []) {
        if (choice.kind !== 'new') continue;
        events.push(choice.event);
        this.#pool.apply(choice.event);
      }
    }
    try {
      this.#store.append(events);
    } catch (error) {
      // Never handed out: they need no rest.
      for (const { owner, address } of events) this.#pool.apply({ kind: 'released', address, owner, untilMs: 0 });
      throw error;
    }
    return pods.map((wanted, at) => (served[at] === true ? this.present(wanted) : undefined));
  }

  /** What a pod has already, if that is all it wants. */
  present(wanted: readonly Wanted[]): readonly Allocation[] | undefined {
    const found = wanted.flatMap(({ owner }) => this.#pool.find(owner)[0] ?? []);
    return found.length === wanted.length ? found : undefined;
  }

  #choose(wanted: readonly Wanted[]): readonly Choice[] | undefined {
    const { clock, limits, targets } = this.#parts;
    this.#pool.endCooldowns(clock.monotonic());
    const choices: Choice[] = [];
    for (const { owner, card } of wanted) {
      const choice = this.#pool.choose({
        owner,
        since: BigInt(clock.now()) * 1_000_000n,
        kinds: kindsOf(targets.mode),
        cards: card === undefined ? cardsOf(limits, this.#pool) : [card],
      });
      if (choice === undefined) return undefined;
      choices.push(choice);
    }
    return choices;
  }
}
