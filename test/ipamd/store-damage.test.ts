import { describe, expect, test } from 'bun:test';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { HostError } from '../../src/errors/index.ts';
import { createFiles, type Files, type Timers } from '../../src/sys/index.ts';
import { address, eni, pool } from '../pool/sample.ts';
import { assigned, codeOf, still, storeFolder } from './store-sample.ts';

const { open, path, remembered, written } = storeFolder();

describe('what is damaged is told', () => {
  const damage = (): readonly string[] =>
    open()
      .load()
      .damage.map(({ file, reason }) => `${file}: ${reason}`);
  const twice = (): void => {
    for (let n = 1; n <= 2; n++) written(pool(eni(0, 'aff')), [assigned(n)]);
  };

  test('nothing of a fresh node, of a crash, or of one between two files', () => {
    expect(damage()).toEqual([]);
    twice();
    expect(damage()).toEqual([]);
    // Between the side file and the journal.
    const journal = readFileSync(path('journal'), 'utf8');
    open().load();
    written(pool(eni(0, 'aff')), []);
    writeFileSync(path('journal'), journal);
    expect(damage()).toEqual([]);
  });

  test.each([
    ['pool.json', 'pool.json: missing'],
    ['ipam.json', 'ipam.json: missing'],
    ['journal', 'journal: missing, empty or too old'],
  ])('%s that is gone', (name, told) => {
    twice();
    rmSync(path(name));
    expect(damage()).toEqual([told]);
  });

  test('lines that cannot be read, and a file that is none', () => {
    twice();
    appendFileSync(path('journal'), 'rubbish\nrubbish\n');
    expect(damage()).toEqual(['journal: 2 of its lines cannot be read']);
    rmSync(path('ipam.json'));
    mkdirSync(path('ipam.json'));
    expect(damage()).toEqual([expect.stringContaining('journal: 2'), expect.stringContaining('ipam.json: ')]);
  });
});

describe('a disk that is full', () => {
  /** The files of this machine, on which writing one file fails while the dial names it. */
  function filling(dial: { readonly path: string }): Files {
    const files = createFiles('/');
    return {
      ...files,
      replace: (file) => {
        if (file.path === dial.path)
          throw new HostError('FILE_FAILED', { action: 'write', path: file.path, reason: 'no space left' });
        files.replace(file);
      },
    };
  }

  test.each(['ipam.json', 'pool.json', 'journal'])('when %s is written loses nothing that was acknowledged', (name) => {
    const made = pool(eni(0, 'fff'));
    const dial = { path: '' };
    const store = open(filling(dial));
    store.load();
    store.follow(made, () => undefined);
    const acknowledged: string[] = [];
    const add = (n: number): void => {
      store.append([assigned(n)]);
      made.apply(assigned(n));
      acknowledged.push(`sandbox${n} ${address(n)}`);
    };
    add(0);
    dial.path = path(name);
    expect(codeOf(() => store.fold())).toBe('FILE_FAILED');
    // It counts only if it can be read back: where no journal can be begun, the ADD has to fail.
    expect(codeOf(() => add(1))).toBe(name === 'journal' ? 'FILE_FAILED' : 'nothing');
    expect(remembered().pods).toEqual([...acknowledged]);
    expect(store.refusal?.code).toBe(name === 'journal' ? 'FILE_FAILED' : undefined);
    dial.path = '';
    add(2);
    expect(store.refusal).toBeUndefined();
    expect(remembered().pods).toEqual([...acknowledged]);
    store.fold();
    expect(remembered().pods).toEqual([...acknowledged]);
  });

  test('at the start: what is there is served, nothing new is handed out, and it is over with the cause', () => {
    const dial = { path: path('journal') };
    const timers: (() => void)[] = [];
    const clock: Timers = {
      ...still,
      after: (_, work) => {
        timers.push(work);
        return () => undefined;
      },
    };
    const store = open(filling(dial), clock);
    store.load();
    store.follow(pool(eni(0, 'aff')), () => undefined);
    expect(store.failure?.code).toBe('FILE_FAILED');
    expect(codeOf(() => store.append([assigned(1)]))).toBe('FILE_FAILED');
    dial.path = '';
    timers.shift()?.();
    expect([store.failure, store.refusal]).toEqual([undefined, undefined]);
    store.append([assigned(1)]);
    expect(remembered().pods).toEqual(['sandbox0 10.0.0.0', 'sandbox1 10.0.0.1']);
  });
});
