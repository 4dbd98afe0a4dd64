import type { Ec2Action } from '../aws/index.ts';

/** How often an action was asked of EC2, and what became of it. */
export interface CallCount {
  granted: number;
  throttled: number;
  refused: number;
}

/** How things stood at a moment. */
export interface Sample {
  readonly seconds: number;
  readonly ready: number;
  /** Addresses taken from subnets, those of prefixes included. */
  readonly taken: number;
  /** Of these, held by pods. */
  readonly pods: number;
  readonly waiting: number;
}

/** More than that no picture can show. */
const MOST_SAMPLES = 480;

/** What is counted while a fleet runs. Times are of virtual time. */
export class Tally {
  readonly calls = new Map<Ec2Action, CallCount>();
  readonly readyMs: number[] = [];
  readonly targetMs: number[] = [];
  readonly addMs: number[] = [];
  taken = 0;
  mostTaken = 0;
  pods = 0;
  waiting = 0;
  /** Pods that ended without ever having had an address. */
  unserved = 0;
  enis = 0;
  /** When something came about last: after a long time of nothing the fleet is as it will be. */
  changedAtMs = 0;
  #samples: readonly Sample[] = [];
  #stepMs = 100;
  #nextMs = 0;

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  called(action: Ec2Action, outcome: keyof CallCount): void {
    const count = this.calls.get(action) ?? { granted: 0, throttled: 0, refused: 0 };
    count[outcome] += 1;
    this.calls.set(action, count);
  }

  took(addresses: number): void {
    this.taken += addresses;
    this.mostTaken = Math.max(this.mostTaken, this.taken);
  }

  /** Notes how things stand at every step up to a time: nothing happened in between. */
  sampleUpTo(nowMs: number): void {
    while (this.#nextMs <= nowMs) {
      this.#samples = [...this.#samples, this.#sample(this.#nextMs)];
      this.#nextMs += this.#stepMs;
      if (this.#samples.length < MOST_SAMPLES) continue;
      this.#stepMs *= 2;
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
      this.#nextMs = (this.#samples.at(-1)?.seconds ?? 0) * 1_000 + this.#stepMs;
    }
  }

  /** Notes how things stand at the end, wherever between two steps that is. */
  sampleEnd(nowMs: number): void {
    this.sampleUpTo(nowMs);
    if (this.#samples.at(-1)?.seconds !== nowMs / 1_000) this.#samples = [...this.#samples, this.#sample(nowMs)];
  }

  #sample(atMs: number): Sample {
    const { taken, pods, waiting } = this;
    return { seconds: atMs / 1_000, ready: this.readyMs.length, taken, pods, waiting };
  }
}
