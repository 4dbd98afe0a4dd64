import { addPod, deletePod, podArgv } from '../../../src/sim/index.ts';
import { systemClock, systemExec } from '../../../src/sys/index.ts';
import { type E2eNode, until } from '../e2e.ts';
import { type LastingPing, pingOnAndOn } from './pings.ts';

/** A pod between the end of its ADD and the begin of its DEL: for that time its address is its own and answers. */
export interface Life {
  readonly node: E2eNode;
  readonly pod: string;
  readonly address: string;
  readonly argv: readonly [string, ...string[]];
}

/** A node and how many pods it can hold. */
export interface Home {
  readonly node: E2eNode;
  readonly atMost: number;
}

/** What was done, and what must not have happened. */
export interface PopulationReport {
  readonly added: number;
  readonly deleted: number;
  readonly most: number;
  readonly refused: readonly string[];
  readonly answered: number;
  readonly violations: readonly string[];
}

const NAMESPACE = 'chaos';
/** Sandboxes a node has under way at a time. */
const WORKERS = 4;
const DEL_PATIENCE_MS = 120_000;
const SPEECHLESS_MS = 5_000;
/** Packets, five a second, that a new pod may wait for its first answer. */
const EARLY_AT_MOST = 10;

const runtimeOf = (node: E2eNode) => ({ exec: systemExec, clock: systemClock, paths: node.paths });
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Pods of two nodes that come and go in waves; each is pinged from another node as long as it lives. */
export class Population {
  readonly #homes: readonly Home[];
  readonly #random: () => number;
  readonly #cooldownMs: number;
  readonly #living = new Map<string, { readonly life: Life; readonly ping: LastingPing }>();
  readonly #lasting = new Map<E2eNode, Life>();
  readonly #underWay = new Map<E2eNode, number>();
  /** When the DEL of the last pod with an address began. */
  readonly #freedAt = new Map<string, number>();
  readonly #refused: string[] = [];
  readonly #violations: string[] = [];
  #number = 0;
  #deleted = 0;
  #added = 0;
  #most = 0;
  #answered = 0;

  constructor(homes: readonly Home[], random: () => number, cooldownMs: number) {
    this.#homes = homes;
    this.#random = random;
    this.#cooldownMs = cooldownMs;
  }

  /** The pods that certainly run now. */
  lives(): readonly Life[] {
    return [...this.#living.values()].map(({ life }) => life);
  }

  /** Notes what must not be; once, however often it is seen. */
  accuse(violation: string): void {
    if (!this.#violations.includes(violation)) this.#violations.push(violation);
  }

  /** One pod per node that lives through everything, and from which the others are pinged. */
  async settle(): Promise<void> {
    for (const { node } of this.#homes) {
      const life = await until(`a first pod on ${node.name}`, () => this.#add(node, `lasting-${node.name}`), {
        withinMs: 60_000,
        last: () => this.#refused.at(-1),
      });
      this.#lasting.set(node, life);
    }
    for (const life of this.#lasting.values()) this.#watch(life);
  }

  /** Pods come and go until the time is over. `wave` says which part of a node is to be full, from 0 to 1. */
  async churn(isOver: () => boolean, wave: (node: E2eNode) => number): Promise<void> {
    const worker = async ({ node, atMost }: Home): Promise<void> => {
      while (!isOver()) {
        const fullness = wave(node);
        const wanted = Math.max(1, Math.round(fullness * atMost));
        const here = this.#count(node);
        if (here < wanted || (here === wanted && this.#random() < 0.1)) await this.#comes(node, atMost);
        else if (here > wanted || this.#random() < 0.3) await this.#goes(node);
        // An empty node is left in peace for as long as it takes to give things back.
        await Bun.sleep(20 + this.#random() * (fullness === 0 && here <= wanted ? 4_000 : 150));
      }
    };
    await Promise.all(this.#homes.flatMap((home) => Array.from({ length: WORKERS }, () => worker(home))));
  }

  /** Every pod goes. */
  async leave(): Promise<void> {
    for (const { node } of this.#homes) while (await this.#goes(node)) await Bun.sleep(0);
    const lasting = [...this.#lasting.values()];
    for (const life of lasting) await this.#unwatch(life);
    for (const life of lasting) await this.#delete(life);
    this.#lasting.clear();
  }

  report(): PopulationReport {
    return {
      added: this.#added,
      deleted: this.#deleted,
      most: this.#most,
      refused: this.#refused,
      answered: this.#answered,
      violations: this.#violations,
    };
  }

  async #comes(node: E2eNode, atMost: number): Promise<void> {
    if (this.#count(node) >= atMost) return;
    this.#underWay.set(node, (this.#underWay.get(node) ?? 0) + 1);
    try {
      const life = await this.#add(node, `pod-${++this.#number}`);
      if (life !== undefined) this.#watch(life);
      // A kubelet tries again later, and not in a loop.
      else await Bun.sleep(500);
    } finally {
      this.#underWay.set(node, (this.#underWay.get(node) ?? 1) - 1);
    }
  }

  async #add(node: E2eNode, pod: string): Promise<Life | undefined> {
    try {
      const { netns, addresses } = await addPod(runtimeOf(node), { namespace: NAMESPACE, pod });
      const [address] = addresses;
      if (address === undefined) throw new Error(`${node.name}/${pod} has no address`);
      this.#added += 1;
      this.#judgeOwner(address, `${node.name}/${pod}`);
      return { node, pod, address, argv: podArgv(node.paths, netns) };
    } catch (error) {
      this.#refused.push(textOf(error));
      return undefined;
    }
  }

  #judgeOwner(address: string, pod: string): void {
    const holder = this.#living.get(address)?.life;
    if (holder !== undefined) this.accuse(`${address} of ${holder.node.name}/${holder.pod} was given to ${pod}, too`);
    const restedMs = performance.now() - (this.#freedAt.get(address) ?? Number.NEGATIVE_INFINITY);
    if (restedMs < this.#cooldownMs)
      this.accuse(`${address} was given to ${pod} ${Math.round(restedMs)} ms after another pod had it`);
  }

  /** From now on it is somebody's, and answers. */
  #watch(life: Life): void {
    const from = [...this.#lasting.values()].find(({ node }) => node !== life.node);
    if (from === undefined) throw new Error('there is nobody to ping from');
    this.#living.set(life.address, { life, ping: pingOnAndOn(from.argv, life.address) });
    this.#most = Math.max(this.#most, this.#living.size);
  }

  async #unwatch(life: Life): Promise<void> {
    const watched = this.#living.get(life.address);
    this.#living.delete(life.address);
    const { answered, lost, early, ms } = (await watched?.ping.end()) ?? { answered: 0, lost: [], early: 0, ms: 0 };
    this.#answered += answered;
    // A machine under load takes its time to start a program; more than this it does not take.
    if (answered === 0 && ms > SPEECHLESS_MS)
      this.accuse(`${life.node.name}/${life.pod} ${life.address} answered no packet in ${Math.round(ms)} ms`);
    if (early > EARLY_AT_MOST)
      this.accuse(`${life.node.name}/${life.pod} ${life.address} was silent for its first ${early} packets`);
    if (lost.length > 0)
      this.accuse(
        `${life.node.name}/${life.pod} ${life.address} lost ${lost.length} of ${answered + lost.length} packets: ${lost.slice(0, 5)}`,
      );
  }

  async #goes(node: E2eNode): Promise<boolean> {
    const here = this.lives().filter((life) => life.node === node && this.#lasting.get(node)?.pod !== life.pod);
    const life = here[Math.floor(this.#random() * here.length)];
    if (life === undefined) return false;
    await this.#unwatch(life);
    await this.#delete(life);
    return true;
  }

  async #delete({ node, pod, address }: Life): Promise<void> {
    let last = '';
    this.#freedAt.set(address, performance.now());
    await until(
      `DEL ${node.name}/${pod}`,
      () =>
        deletePod(runtimeOf(node), { namespace: NAMESPACE, pod }).catch((error: unknown) => {
          last = textOf(error);
          this.#refused.push(last);
          return undefined;
        }),
      { withinMs: DEL_PATIENCE_MS, everyMs: 200, last: () => last },
    );
    this.#deleted += 1;
  }

  #count(node: E2eNode): number {
    return this.lives().filter((life) => life.node === node).length + (this.#underWay.get(node) ?? 0);
  }
}
