import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store } from '../../src/ipamd/store.ts';
import type { Pool } from '../../src/pool/index.ts';
import { createFiles, systemClock, type Timers } from '../../src/sys/index.ts';
import { address, eni, owner, pool } from '../pool/sample.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ignore = (): void => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
/** Nothing is folded but when the test says so. */
const clock: Timers = { ...systemClock, after: () => ignore };
const INTENT = { kind: 'delete-eni', key: 'eni-1' } as const;

function assign(store: Store, made: Pool): void {
  const event = { kind: 'assigned', address: address(1), owner: owner(1), since: 1n } as const;
  store.append([event]);
  made.apply(event);
}

/** The files that a fold of this change replaces, one after which nothing was to be written. */
function replacedBy(change: (store: Store, made: Pool) => void): readonly string[] {
  const made = pool(eni(0, 'aff'));
  const store = new Store({ files: createFiles('/'), clock, logger }, folder);
  store.load();
  store.follow(made, () => undefined);
  const inodes = () => ['ipam.json', 'pool.json', 'journal'].map((name) => [name, statSync(join(folder, name)).ino]);
  const before = new Map(inodes().map(([name, inode]) => [name, inode]));
  change(store, made);
  store.fold();
  return inodes().flatMap(([name, inode]) => (before.get(name) === inode ? [] : [`${name}`]));
}

describe('a fold', () => {
  test('of what the files say already writes nothing', () => {
    expect(replacedBy(ignore)).toEqual([]);
    expect(replacedBy((_, made) => made.setLeaving('eni-0', true))).toEqual([]);
  });

  test.each([
    ['a pod', assign],
    [
      'an intent that has ended: its lines must not pile up',
      (store: Store): void => {
        store.begin(INTENT);
        store.end(INTENT);
      },
    ],
    ['an ENI that takes no more pods', (_: Store, made: Pool): void => made.setService('eni-0', 'no-new-pods')],
  ])('of %s writes all three files', (_, change) => {
    expect(replacedBy(change)).toEqual(['ipam.json', 'pool.json', 'journal']);
  });
});
