import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOf } from '../docs/blocks.ts';
import { deviations } from '../docs/run-blocks.ts';
import { executable, runAny } from '../support/e2e.ts';

setDefaultTimeout(240_000);

const ROOT = join(import.meta.dir, '../..');
/** Names of a run of its own, so that a reader who follows the page at the same time is not disturbed. */
const OWN = `d${process.pid.toString(36)}x`;
const PAGE = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8').replaceAll(/\bdocs(\d)\b/g, `${OWN}$1`);
const names = new Set(
  [...PAGE.matchAll(/--name (\S+)/g)].flatMap(([, name = '']) => (name.startsWith(OWN) ? [name] : [])),
);

let path = '';

beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'vpc-cni-docs-'));
  symlinkSync(executable(), join(path, 'vpc-cni'));
});
afterAll(async () => {
  for (const name of names) await runAny([executable(), 'sim', 'down', '--name', name]);
  rmSync(path, { recursive: true, force: true });
});

/** A fence may name a program, as in `sh aws`, that neither the product nor its tests need: without it that block is left out. */
const isHere = (program: string): boolean => Bun.which(program) !== null;

/** The shell blocks by the example they belong to. */
const examples = Map.groupBy(
  blocksOf(PAGE).filter(({ info }) => info.split(' ')[0] === 'sh'),
  ({ heading }) => heading,
);

test('the page has its seven examples', () => {
  const numbers = [...examples.keys()].map((heading) => heading.split(':')[0]);
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `Example ${number}`));
});

describe('docs/simulator.md does what it says', () => {
  for (const [heading, blocks] of examples) {
    test(heading, async () => {
      const runnable = blocks.filter(({ info }) => info.split(' ').slice(1).every(isHere));
      for (const { info } of blocks.filter((block) => !runnable.includes(block)))
        process.stderr.write(`left out, because it is not installed here: ${info.split(' ').slice(1).join(' ')}\n`);
      const before = `cd '${ROOT}'\nexport PATH='${path}':"$PATH"`;
      const shell = (script: string) => runAny(['bash', '-u'], { input: script });
      expect(await deviations(runnable, { shell, before })).toEqual([]);
    });
  }
});

test('nothing of the examples is left', async () => {
  const { stdout } = await runAny(['ip', 'netns', 'list']);
  expect(stdout.split('\n').filter((line) => line.startsWith(OWN))).toEqual([]);
});
