import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type JournalRecord, parseCheckpoint } from '../../src/pool/index.ts';
import { address, eni, NOW, owner, pool } from '../pool/sample.ts';
import { assigned, codeOf, storeFolder } from './store-sample.ts';

const { folder, open, path, remembered, written } = storeFolder();

const released = (n: number): JournalRecord => ({
  kind: 'released',
  address: address(n),
  owner: owner(n),
  untilMs: NOW + 30_000,
});

describe('what is read back', () => {
  test('a fresh node remembers nothing', () => {
    expect(remembered()).toEqual({ pods: [], resting: [], intents: [], sameBoot: true });
  });

  test('the journal goes on from the checkpoint, to the nanosecond', () => {
    written(pool(eni(0, 'aff')), [assigned(1), assigned(2), released(1)]);
    expect(remembered()).toEqual({
      pods: ['sandbox0 10.0.0.0', 'sandbox2 10.0.0.2'],
      resting: ['10.0.0.1'],
      intents: [],
      sameBoot: true,
    });
    const times = open()
      .load()
      .allocations.map(({ since }) => since);
    expect(times).toContain(1_700_000_000_000_000_123n);
  });

  test('cooldowns, doubts, intents and the last known ENIs survive', () => {
    const made = pool(eni(0, 'afc'));
    made.apply({ kind: 'quarantined', address: address(1), reason: 'host-link', sinceMs: NOW });
    const store = written(made, []);
    store.begin({ kind: 'create-eni', key: 'token-1' });
    store.begin({ kind: 'delete-eni', key: 'eni-9' });
    store.end({ kind: 'delete-eni', key: 'eni-9' });
    const check = (): void => {
      const stored = open().load();
      expect([...stored.cooldowns]).toEqual([[address(2), NOW + 20_000]]);
      expect([...stored.quarantines]).toEqual([[address(1), { reason: 'host-link', sinceMs: NOW }]]);
      expect(stored.intents).toEqual([{ kind: 'create-eni', key: 'token-1' }]);
      expect(stored.enis).toMatchObject([
        { facts: { id: 'eni-0', device: 0 }, cidrs: ['10.0.0.0/32', '10.0.0.1/32', '10.0.0.2/32'] },
      ]);
    };
    check();
    store.fold();
    check();
  });

  test('upstream can read the checkpoint, and it holds all once the store is folded', () => {
    const made = pool(eni(0, 'aff'));
    const store = written(made, [assigned(1)]);
    made.apply(assigned(1));
    store.fold();
    const text = readFileSync(path('ipam.json'), 'utf8');
    expect(parseCheckpoint(text).map(({ owner: { containerId } }) => containerId)).toEqual(['sandbox0', 'sandbox1']);
    expect(text).toContain('"allocationTimestamp":1700000000000000123,');
  });
});

describe('a crash', () => {
  const twice = (): void => {
    const made = pool(eni(0, 'aff'));
    written(made, [assigned(1)]);
    made.apply(assigned(1));
    // A second daemon folds what the first one noted, and notes one more.
    written(made, [assigned(2)]);
  };
  const ALL = ['sandbox0 10.0.0.0', 'sandbox1 10.0.0.1', 'sandbox2 10.0.0.2'];

  test.each([
    ['in the middle of a line', (): void => appendFileSync(path('journal'), '00000000 {"kind":"assig')],
    [
      'that left rubbish between two lines',
      (): void => {
        const [header = '', ...rest] = readFileSync(path('journal'), 'utf8').split('\n');
        writeFileSync(path('journal'), [header, '\u0000\u0000 rubbish', ...rest].join('\n'));
      },
    ],
    ['that tore the checkpoint', (): void => truncateSync(path('ipam.json'), 40)],
    ['that emptied the checkpoint', (): void => truncateSync(path('ipam.json'), 0)],
    ['that tore the side file', (): void => truncateSync(path('pool.json'), 20)],
    [
      'that emptied both',
      (): void => {
        truncateSync(path('ipam.json'), 0);
        truncateSync(path('pool.json'), 0);
      },
    ],
  ])('%s loses no pod', (_, damage) => {
    twice();
    damage();
    expect(remembered().pods).toEqual(ALL);
  });

  test('that tears the checkpoint twice loses no pod either', () => {
    twice();
    truncateSync(path('ipam.json'), 40);
    written(pool(eni(0, 'aaa')), []);
    truncateSync(path('ipam.json'), 40);
    expect(remembered().pods).toHaveLength(3);
  });

  test('what cannot be read is set aside, whole', () => {
    twice();
    writeFileSync(path('ipam.json'), '{"version":"vpc-cni-ipam/9","allocations":[]}');
    open().load();
    expect(readFileSync(path('ipam.json.broken'), 'utf8')).toContain('vpc-cni-ipam/9');
    expect(existsSync(path('ipam.json'))).toBe(false);
  });

  test('a journal of a version to come is set aside too, and the checkpoint counts', () => {
    twice();
    const [, ...records] = readFileSync(path('journal'), 'utf8').split('\n');
    writeFileSync(path('journal'), ['of tomorrow', ...records].join('\n'));
    expect(remembered().pods).toEqual(['sandbox0 10.0.0.0', 'sandbox1 10.0.0.1']);
    expect(readFileSync(path('journal.broken'), 'utf8')).toContain('of tomorrow');
  });

  test('a folder in the place of a file keeps nobody from starting', () => {
    twice();
    for (const name of ['ipam.json', 'journal']) {
      rmSync(path(name));
      mkdirSync(path(name));
    }
    const store = open();
    // What the second journal alone knew is lost; the kernel has it.
    expect(store.load().allocations).toHaveLength(2);
    store.follow(pool(eni(0, 'aff')), () => undefined);
    expect(remembered().pods).toEqual(['sandbox0 10.0.0.0']);
  });

  test('of another boot is told apart', () => {
    twice();
    for (const name of ['pool.json', 'journal'])
      writeFileSync(path(name), readFileSync(path(name), 'utf8').replaceAll(/"bootId":"[^"]*"/g, '"bootId":"other"'));
    expect(remembered().sameBoot).toBe(false);
  });

  test('between the checkpoint and its journal replays nothing old over it', () => {
    const made = pool(eni(0, 'aff'));
    const store = written(made, [assigned(1)]);
    const old = readFileSync(path('journal'), 'utf8');
    // Its pod has gone since, and the checkpoint knows.
    store.fold();
    writeFileSync(path('journal'), old);
    rmSync(path('journal.prev'));
    expect(remembered().pods).toEqual(['sandbox0 10.0.0.0']);
  });
});

test('a store that is closed leaves the files to the next daemon', () => {
  const made = pool(eni(0, 'aff'));
  const store = written(made, [assigned(1)]);
  made.apply(assigned(1));
  store.close();
  expect(parseCheckpoint(readFileSync(path('ipam.json'), 'utf8'))).toHaveLength(2);
  const seen = () =>
    readdirSync(folder()).map((name) => [name, statSync(path(name)).ino, readFileSync(path(name), 'utf8')]);
  const before = seen();
  // What EC2 answers late, when the next daemon has begun.
  store.end({ kind: 'delete-eni', key: 'eni-1' });
  store.foldLater();
  store.fold();
  expect(codeOf(() => store.append([assigned(2)]))).toBe('ENGINE_STARTING');
  expect(seen()).toEqual(before);
});
