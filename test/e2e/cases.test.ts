import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CaseGuest, type ChangeUserData } from '../support/case-guest.ts';
import { parseCase } from '../support/parse-case.ts';

// Those that kill behind each step run some hundred installations.
setDefaultTimeout(600_000);

const CASES = join(import.meta.dir, 'cases');

/** What a case exports: what is done with its guest, and perhaps what becomes of its user data before. */
interface Case {
  readonly run: (guest: CaseGuest) => Promise<void>;
  readonly userData: ChangeUserData;
}

async function load(folder: string): Promise<Case> {
  const exports: { readonly default: unknown; readonly userData?: unknown } = await import(join(folder, 'run.ts'));
  const { default: run, userData = async (text: string) => text } = exports;
  if (typeof run !== 'function') throw new Error(`${folder}/run.ts exports no function by default`);
  if (typeof userData !== 'function') throw new Error(`userData of ${folder}/run.ts is no function`);
  return {
    run: async (guest) => {
      await run(guest);
    },
    userData: async (text) => String(await userData(text)),
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
      const { run, userData } = await load(folder);
      const begin = performance.now();
      await using guest = await CaseGuest.start(folder, `k${index}`, userData);
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
