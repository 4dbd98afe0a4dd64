import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CaseGuest } from '../support/case-guest.ts';
import { parseCase } from '../support/parse-case.ts';

setDefaultTimeout(290_000);

const CASES = join(import.meta.dir, 'cases');

/** What a case exports: what is done with its guest. */
type Run = (guest: CaseGuest) => Promise<void>;

async function load(folder: string): Promise<Run> {
  const { default: run }: { readonly default: unknown } = await import(join(folder, 'run.ts'));
  if (typeof run !== 'function') throw new Error(`${folder}/run.ts exports no function by default`);
  return async (guest) => {
    await run(guest);
  };
}

const folders = readdirSync(CASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const has = (folder: string, file: string): boolean => existsSync(join(CASES, folder, file));
const names = folders.filter((folder) => has(folder, 'case.json'));

describe('case', () => {
  for (const [index, name] of names.entries()) {
    const folder = join(CASES, name);
    const { summary } = parseCase(join(folder, 'case.json'));
    test(`${name}: ${summary}`, async () => {
      const run = await load(folder);
      const begin = performance.now();
      await using guest = await CaseGuest.start(folder, `k${index}`);
      const booted = performance.now();
      await run(guest);
      const [boot, all] = [booted - begin, performance.now() - begin].map((ms) => (ms / 1000).toFixed(1));
      process.stderr.write(`case ${name}: ${all} s, of which ${boot} s until its guest was there\n`);
    });
  }
});

test('every folder is a case', () => {
  expect(folders.filter((folder) => !has(folder, 'case.json') || !has(folder, 'run.ts'))).toEqual([]);
});
