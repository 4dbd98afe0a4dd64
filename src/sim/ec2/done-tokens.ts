import { SimFault } from '../model/index.ts';

/** So many tokens are remembered; EC2 forgets them after a day, the simulator after as many others. */
const KEEP = 1000;

/** Client tokens of an action that takes something away: asked for again, it has been done. */
export class DoneTokens {
  readonly #done = new Map<string, string>();

  /** Whether this token has done this. Refuses another request under it. */
  isDone(token: string | undefined, request: string): boolean {
    const known = token === undefined ? undefined : this.#done.get(token);
    if (known !== undefined && known !== request)
      throw new SimFault('IdempotentParameterMismatch', 'The client token was used before with other parameters');
    return known !== undefined;
  }

  /** Remembers what was done. */
  add(token: string | undefined, request: string): void {
    if (token === undefined) return;
    this.#done.set(token, request);
    for (const oldest of this.#done.keys()) {
      if (this.#done.size <= KEEP) return;
      this.#done.delete(oldest);
    }
  }
}
