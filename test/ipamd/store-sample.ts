import { afterEach, beforeEach } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { Store, type Stored } from '../../src/ipamd/store.ts';
import type { Logger } from '../../src/log/index.ts';
import type { JournalRecord, Pool } from '../../src/pool/index.ts';
import { createFiles, type Files, type Timers } from '../../src/sys/index.ts';
import { address, NOW, owner } from '../pool/sample.ts';

const ignore = (): void => undefined;
export const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
/** A clock whose timers never fire: the checkpoint follows only when the test says so. */
export const still: Timers = {
  now: () => NOW,
  monotonic: () => NOW,
  sleep: async () => undefined,
  after: () => () => undefined,
};

export const assigned = (n: number): Extract<JournalRecord, { kind: 'assigned' }> => ({
  kind: 'assigned',
  address: address(n),
  owner: owner(n),
  since: 1_700_000_000_000_000_123n,
});

export const codeOf = (work: () => void): unknown => {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof HostError ? error.code : error;
  }
};

/** A folder for each test of a file, and the stores that live in it. */
export function storeFolder() {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = (files: Files = createFiles('/'), clock: Timers = still): Store =>
    new Store({ files, clock, logger }, folder);
  const load = (): Stored => open().load();
  return {
    path: (name: string): string => join(folder, name),
    folder: (): string => folder,
    open,
    /** A store that has written the pool down and noted these since. */
    written: (made: Pool, records: readonly JournalRecord[]): Store => {
      const store = open();
      store.load();
      store.follow(made, () => undefined);
      store.append(records);
      return store;
    },
    remembered: () => {
      const { allocations, cooldowns, intents, sameBoot } = load();
      return {
        pods: allocations.map(({ address: at, owner: { containerId } }) => `${containerId} ${at}`).sort(),
        resting: [...cooldowns.keys()].map(String),
        intents: intents.map(({ key }) => key),
        sameBoot,
      };
    },
  };
}
