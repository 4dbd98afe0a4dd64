import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { HostError } from '../../src/errors/index.ts';
import { Store } from '../../src/ipamd/store.ts';
import type { Logger } from '../../src/log/index.ts';
import { type JournalRecord, MEMORY_FILES, type PodAddress, Pool, recall } from '../../src/pool/index.ts';
import { createFiles, type Files, type Timers } from '../../src/sys/index.ts';
import { address, eni, NOW, owner } from '../pool/sample.ts';

const ignore = (): void => undefined;
const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const still: Timers = { now: () => NOW, monotonic: () => NOW, sleep: async () => undefined, after: () => ignore };

/** The machine dies at this change of a file, or the disk has no room for it. */
class Crash extends Error {}
interface Dial {
  changesLeft: number;
  how: 'crash' | 'full';
}
const QUIET = Number.POSITIVE_INFINITY;

function dialled(dial: Dial): Files {
  const files = createFiles('/');
  const guard =
    <A extends readonly unknown[]>(work: (...args: A) => void) =>
    (...args: A): void => {
      if (dial.changesLeft <= 0) {
        if (dial.how === 'crash') throw new Crash();
        throw new HostError('FILE_FAILED', { action: 'write', path: folder, reason: 'no space left' });
      }
      dial.changesLeft -= 1;
      work(...args);
    };
  return { ...files, replace: guard(files.replace), keep: guard(files.keep), move: guard(files.move) };
}

type Step =
  | { readonly kind: 'add' | 'delete' | 'begin' | 'end' | 'doubt' | 'clear'; readonly n: number }
  | { readonly kind: 'fold' | 'start' | 'room' }
  /** The machine dies, or its disk is full, after so many changes of files. */
  | { readonly kind: 'crash' | 'full'; readonly after: number }
  | { readonly kind: 'tear'; readonly file: (typeof MEMORY_FILES)[number] };

const n = fc.nat(7);
const after = fc.nat(7);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('add', 'delete'), n }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('begin', 'end', 'doubt', 'clear'), n }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('fold', 'start', 'room') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('crash', 'full'), after }) },
);

let folder = '';
const path = (name: string): string => join(folder, name);

/** A daemon that may die at any change of a file, and what it has told others: that must be read back. */
class History {
  readonly pods = new Set<number>();
  readonly intents = new Set<string>();
  readonly doubts = new Set<PodAddress>();
  readonly #dial: Dial = { changesLeft: QUIET, how: 'crash' };
  #pool = new Pool();
  #store = this.#open();

  constructor() {
    this.#start();
  }

  do(each: Step): void {
    try {
      this.#do(each);
    } catch (error) {
      if (error instanceof HostError) return;
      if (!(error instanceof Crash)) throw error;
      this.#start();
    }
  }

  remembered() {
    const stored = this.#read();
    return {
      pods: stored.allocations.map(({ address: at, owner: { containerId } }) => `${containerId} ${at}`).sort(),
      intents: stored.intents.map(({ key }) => key).sort(),
      doubts: [...stored.quarantines.keys()].sort(),
    };
  }

  expected() {
    return {
      pods: [...this.pods].map((each) => `${owner(each).containerId} ${address(each)}`).sort(),
      intents: [...this.intents].sort(),
      doubts: [...this.doubts].sort(),
    };
  }

  #do(each: Step): void {
    switch (each.kind) {
      case 'add':
        if (this.pods.has(each.n)) return;
        this.#write({ kind: 'assigned', address: address(each.n), owner: owner(each.n), since: 1n });
        this.pods.add(each.n);
        this.doubts.delete(address(each.n));
        return;
      case 'delete':
        if (!this.pods.has(each.n)) return;
        this.#write({ kind: 'released', address: address(each.n), owner: owner(each.n), untilMs: NOW });
        this.pods.delete(each.n);
        return;
      case 'doubt':
        if (this.pods.has(each.n)) return;
        this.#write({ kind: 'quarantined', address: address(each.n), reason: 'kernel', sinceMs: NOW });
        this.doubts.add(address(each.n));
        return;
      case 'clear':
        if (!this.doubts.has(address(each.n))) return;
        this.#write({ kind: 'cleared', address: address(each.n) });
        this.doubts.delete(address(each.n));
        return;
      case 'begin':
        this.#store.begin({ kind: 'create-eni', key: `token-${each.n}` });
        this.intents.add(`token-${each.n}`);
        return;
      case 'end':
        // One that cannot be written is looked for again by the next start: only with room it must be gone.
        if (this.#dial.changesLeft !== QUIET) return;
        this.#store.end({ kind: 'create-eni', key: `token-${each.n}` });
        this.intents.delete(`token-${each.n}`);
        return;
      case 'fold':
        this.#store.fold();
        return;
      case 'start':
        this.#start();
        return;
      case 'room':
        this.#dial.changesLeft = QUIET;
        return;
      case 'crash':
      case 'full':
        this.#dial.changesLeft = each.after;
        this.#dial.how = each.kind;
        return;
      case 'tear':
        truncateSync(path(each.file), Math.floor(readFileSync(path(each.file)).length / 2));
        return;
      default:
        each satisfies never;
    }
  }

  /** As the engine does it: first on disk, then in memory. */
  #write(event: Exclude<JournalRecord, { kind: 'intended' | 'ended' }>): void {
    this.#store.append([event]);
    this.#pool.apply(event);
  }

  #open(): Store {
    return new Store({ files: dialled(this.#dial), clock: still, logger }, folder);
  }

  /** Kills the daemon and starts another one, which has room. */
  #start(): void {
    this.#dial.changesLeft = QUIET;
    const stored = this.#read();
    this.#store = this.#open();
    this.#store.load();
    this.#pool = new Pool();
    const { facts } = eni(0, '');
    this.#pool.putEni(facts);
    this.#pool.addCidrs(
      facts.id,
      Array.from({ length: 8 }, (_, each) => `${address(each)}/32`),
    );
    for (const allocation of stored.allocations) this.#pool.apply({ kind: 'assigned', ...allocation });
    for (const [at, { reason, sinceMs }] of stored.quarantines)
      this.#pool.apply({ kind: 'quarantined', address: at, reason, sinceMs });
    this.#store.follow(this.#pool, () => undefined);
  }

  /** As a reader beside the daemon, such as handback, which changes nothing. */
  #read() {
    const files = createFiles('/');
    const texts = MEMORY_FILES.flatMap((name) => {
      const text = files.read(path(name));
      return text === undefined ? [] : [[name, text] as const];
    });
    return recall(new Map(texts)).memory;
  }
}

// In memory, as /run is: there a sync costs nothing.
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

function inFolder(work: () => void): void {
  folder = mkdtempSync(join(MEMORY, 'histories-'));
  try {
    work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('whatever was acknowledged is read back, wherever the machine dies or its disk is full', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) =>
      inFolder(() => {
        const history = new History();
        for (const each of steps) {
          history.do(each);
          expect(history.remembered()).toEqual(history.expected());
        }
      }),
    ),
    { numRuns: 60 },
  );
});

test('one file that is torn, whichever it is, loses nothing that a checkpoint has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.constantFrom(...MEMORY_FILES), (steps, file) =>
      inFolder(() => {
        const history = new History();
        for (const each of steps) history.do(each);
        for (const kind of ['room', 'fold', 'fold'] as const) history.do({ kind });
        history.do({ kind: 'tear', file });
        history.do({ kind: 'start' });
        expect(history.remembered()).toEqual(history.expected());
      }),
    ),
    { numRuns: 60 },
  );
});
