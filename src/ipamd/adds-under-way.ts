import type { HostError } from '../errors/index.ts';
import { Turns } from './turns.ts';

/**
 * ADDs by attachment. A repeated one waits for the first: it must not undo what that one has just wired. A DEL ends all of
 * its attachment, also those that have not had their turn: nothing may be wired after it.
 */
export class AddsUnderWay {
  readonly #turns = new Turns();
  readonly #open = new Map<string, Set<AbortController>>();

  /** Runs an ADD in its turn. Its signal is aborted when the caller goes, or when a DEL comes. */
  async run<T>(key: string, gone: AbortSignal, work: (ended: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    const leave = (): void => ending.abort(gone.reason);
    if (gone.aborted) leave();
    gone.addEventListener('abort', leave, { once: true });
    const open = this.#open.get(key) ?? new Set();
    this.#open.set(key, open.add(ending));
    try {
      return await this.#turns.run(key, () => {
        ending.signal.throwIfAborted();
        return work(ending.signal);
      });
    } finally {
      gone.removeEventListener('abort', leave);
      open.delete(ending);
      if (open.size === 0 && this.#open.get(key) === open) this.#open.delete(key);
    }
  }

  /** Ends every ADD of an attachment; each fails with `why`. */
  end(key: string, why: HostError): void {
    for (const ending of this.#open.get(key) ?? []) ending.abort(why);
  }
}
