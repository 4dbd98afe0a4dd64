import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOf, missingIn, passagesOf } from '../docs/blocks.ts';
import { executable, runAny } from '../support/e2e.ts';

setDefaultTimeout(240_000);

const ROOT = join(import.meta.dir, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8');
/** Names of a run of its own, so that a reader who follows the page at the same time is not disturbed. */
const OWN = `d${process.pid.toString(36)}x`;
const withOwnNames = (text: string): string => text.replaceAll(/\bdocs(\d)\b/g, `${OWN}$1`);
const names = [...new Set([...PAGE.matchAll(/--name docs(\d)/g)].map(([, number]) => `${OWN}${number}`))];

let path = '';

/** Programs a block may ask for that neither the product nor its tests need. */
const isHere = (program: string): boolean => Bun.which(program) !== null;

beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'vpc-cni-docs-'));
  symlinkSync(executable(), join(path, 'vpc-cni'));
});
afterAll(async () => {
  for (const name of names) await runAny([executable(), 'sim', 'down', '--name', name]);
  rmSync(path, { recursive: true, force: true });
});

/** Every example with its shell blocks put together: variables live from one block to the next. */
const examples = Map.groupBy(
  blocksOf(PAGE).filter(({ info }) => info.split(' ')[0] === 'sh'),
  ({ heading }) => heading,
);

test('the page has its five examples', () => {
  expect([...examples.keys()].map((heading) => heading.slice(0, 10))).toEqual([
    'Example 1:',
    'Example 2:',
    'Example 3:',
    'Example 4:',
    'Example 5:',
  ]);
});

describe('the examples of docs/simulator.md do what they say', () => {
  for (const [heading, blocks] of examples) {
    test(heading, async () => {
      const runnable = blocks.filter(({ info }) => info.split(' ').slice(1).every(isHere));
      for (const { info } of blocks.filter((block) => !runnable.includes(block)))
        process.stderr.write(`left out, because it is not installed here: ${info.split(' ').slice(1).join(' ')}\n`);
      const passages = runnable.flatMap(({ text }) => passagesOf(withOwnNames(text)));
      const mark = (index: number): string => `@@@ end of passage ${index} @@@`;
      const script = passages.map(({ commands }, index) => `${commands}\necho '${mark(index)}'`).join('\n');
      const { stdout } = await runAny(['bash', '-u'], {
        input: `exec 2>&1\ncd '${ROOT}'\nexport PATH='${path}':"$PATH"\n${script}\n`,
      });
      let rest = stdout;
      const wrong = passages.flatMap(({ commands, expected }, index) => {
        const [output = '', ...later] = rest.split(mark(index));
        rest = later.join(mark(index));
        const missing = missingIn(output, expected.map(withOwnNames));
        return missing.length > 0 || output.includes('USAGE:') ? [{ commands, missing, output }] : [];
      });
      expect(wrong).toEqual([]);
    });
  }
});

test('nothing of the examples is left', async () => {
  const { stdout } = await runAny(['ip', 'netns', 'list']);
  expect(stdout.split('\n').filter((line) => line.startsWith(OWN))).toEqual([]);
});
