import { type HostError, toHostError } from '../errors/index.ts';
import { type Allocation, type Owner, sameOwner } from '../pool/index.ts';
import type { Timers } from '../sys/index.ts';

interface Waiter {
  readonly owner: Owner;
  readonly resolve: (allocation: Allocation) => void;
  readonly reject: (refusal: HostError) => void;
}

/** ADDs that wait for an address, first come first served, each for a bounded time. */
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

  /** Waits for an address. Throws what `why` says when the time is over or the caller has gone. */
  wait(owner: Owner, gone: AbortSignal, why: () => HostError): Promise<Allocation> {
    const { promise, resolve, reject } = Promise.withResolvers<Allocation>();
    const waiter: Waiter = { owner, resolve, reject };
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

  /** Gives addresses to as many as `assign` has any for; when it throws, the first is told and the others wait on. */
  serve(assign: (owners: readonly Owner[]) => readonly Allocation[]): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    try {
      const allocations = assign(waiting.map(({ owner }) => owner));
      for (const [index, allocation] of allocations.entries()) {
        const waiter = waiting[index];
        if (waiter !== undefined) this.#end(waiter, () => waiter.resolve(allocation));
      }
    } catch (error) {
      // A full file system is told to the pod that needed the journal; the daemon goes on.
      const [first] = waiting;
      if (first !== undefined) this.#end(first, () => first.reject(toHostError(error)));
    }
  }

  /** Refuses those of one owner, or all. */
  refuse(refusal: HostError, owner?: Owner): void {
    for (const waiter of this.#waiting)
      if (owner === undefined || sameOwner(waiter.owner, owner)) this.#end(waiter, () => waiter.reject(refusal));
  }

  #end(waiter: Waiter, tell: () => void): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    tell();
  }
}
