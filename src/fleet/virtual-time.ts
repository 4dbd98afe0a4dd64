import { letSignalsIn, type Timers } from '../sys/index.ts';

interface Due {
  readonly atMs: number;
  /** What is due at the same moment comes in the order it was asked for. */
  readonly order: number;
  work: (() => void) | undefined;
}

const isSooner = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/**
 * Time that passes only when everything of a moment is done: an hour of ten thousand nodes in seconds, and the same every
 * time. Whole milliseconds from 0.
 */
export class VirtualTime implements Timers {
  #nowMs = 0;
  #order = 0;
  /** A heap, the soonest first. */
  readonly #due: Due[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  after(ms: number, work: () => void): () => void {
    const due: Due = { atMs: Math.ceil(this.#nowMs + Math.max(0, ms)), order: this.#order++, work };
    this.#push(due);
    return () => {
      due.work = undefined;
    };
  }

  /** Lets time pass until nothing is due any more, or `goesOn` says no to the next moment. */
  async pass(goesOn: (nextMs: number) => boolean): Promise<void> {
    for (;;) {
      const next = this.#first();
      if (next === undefined || !goesOn(next.atMs)) return;
      this.#nowMs = next.atMs;
      for (let due = this.#first(); due !== undefined && due.atMs === this.#nowMs; due = this.#first()) {
        this.#pop();
        due.work?.();
      }
      // Who waited for one of these goes on before time does.
      await letSignalsIn();
    }
  }

  /** The next thing due that has not been called off. */
  #first(): Due | undefined {
    for (let due = this.#due[0]; due !== undefined; due = this.#due[0]) {
      if (due.work !== undefined) return due;
      this.#pop();
    }
    return undefined;
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isSooner(due, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#due;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const [child, place] = right !== undefined && isSooner(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1];
      if (!isSooner(child, last)) break;
      heap[at] = child;
      at = place;
    }
    heap[at] = last;
  }
}
