import { type HostError, toHostError } from '../errors/index.ts';
import type { Allocation } from '../pool/index.ts';
import type { Timers } from '../sys/index.ts';
import type { Wanted } from './assigning.ts';

interface Waiter {
  readonly wanted: readonly Wanted[];
  readonly resolve: (allocations: readonly Allocation[]) => void;
  readonly reject: (refusal: HostError) => void;
}

/** ADDs that wait for addresses, first come first served, each for a bounded time. */
export class Waiters {
  readonly #clock: Timers;
  readonly #waitMs: number;
  #waiting: readonly Waiter[] = [];

  constructor(clock: Timers, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** How many of them take an address of whatever card, and how many addresses are wanted of one card each. */
  get wants(): { readonly any: number; readonly ofCard: ReadonlyMap<number, number> } {
    let any = 0;
    const ofCard = new Map<number, number>();
    for (const { wanted } of this.#waiting)
      for (const { card } of wanted)
        if (card === undefined) any += 1;
        else ofCard.set(card, (ofCard.get(card) ?? 0) + 1);
    return { any, ofCard };
  }

  /** Waits for addresses. Throws what `why` says when the time is over or the caller has gone. */
  wait(wanted: readonly Wanted[], gone: AbortSignal, why: () => HostError): Promise<readonly Allocation[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Allocation[]>();
    const waiter: Waiter = { wanted, resolve, reject };
    this.#waiting = [...this.#waiting, waiter];
    const give = (): void => this.#end(waiter, () => reject(why()));
    const cancel = this.#clock.after(this.#waitMs, give);
    if (gone.aborted) give();
    gone.addEventListener('abort', give, { once: true });
    return promise.finally(() => {
      cancel();
      gone.removeEventListener('abort', give);
    });
  }

  /** Gives addresses to those for whom `serve` has all they want; when it throws, the first is told and the others wait on. */
  serve(serve: (pods: readonly (readonly Wanted[])[]) => readonly (readonly Allocation[] | undefined)[]): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    try {
      for (const [index, allocations] of serve(waiting.map(({ wanted }) => wanted)).entries()) {
        const waiter = waiting[index];
        if (waiter !== undefined && allocations !== undefined) this.#end(waiter, () => waiter.resolve(allocations));
      }
    } catch (error) {
      // A full file system is told to the pod that needed the journal; the daemon goes on.
      const [first] = waiting;
      if (first !== undefined) this.#end(first, () => first.reject(toHostError(error)));
    }
  }

  /** Refuses those for whom there is a reason. */
  refuse(why: (wanted: readonly Wanted[]) => HostError | undefined): void {
    for (const waiter of this.#waiting) {
      const refusal = why(waiter.wanted);
      if (refusal !== undefined) this.#end(waiter, () => waiter.reject(refusal));
    }
  }

  #end(waiter: Waiter, tell: () => void): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    tell();
  }
}
