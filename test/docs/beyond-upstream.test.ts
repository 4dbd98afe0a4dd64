import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';

const PAGE = readFileSync('docs/beyond-upstream.md', 'utf8');

/** Findings per section, as the reference counts them. */
const COUNTS = [16, 7, 26];
const NUMBERS = COUNTS.flatMap((count, section) => Array.from({ length: count }, (_, n) => `${section + 1}.${n + 1}`));

interface Row {
  readonly number: string;
  readonly cells: readonly string[];
}

const ROWS: readonly Row[] = PAGE.split('\n')
  .map((line) => /^\| (\d\.\d+) \|(.*)\|$/.exec(line))
  .flatMap((match) =>
    match === null ? [] : [{ number: match[1] ?? '', cells: (match[2] ?? '').split('|').map((cell) => cell.trim()) }],
  );

/** `test/x.test.ts`: "title of a test", several of them separated by semicolons. */
function referencesOf(cell: string): readonly { readonly path: string; readonly title: string }[] {
  return [...cell.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)].map(([, path = '', title = '']) => ({ path, title }));
}

test('every finding has a line, once, in order', () => {
  expect(ROWS.map(({ number }) => number)).toEqual(NUMBERS);
});

test('every line says how it is prevented and names a test that is there, or says why not yet', () => {
  const faults = ROWS.flatMap(({ number, cells }) => {
    const [found = '', here = '', proof = ''] = cells;
    if (found === '' || here === '') return [`${number} says nothing`];
    const references = referencesOf(proof);
    if (references.length === 0)
      return /refused until|^as \d\.\d+$/.test(here) ? [] : [`${number} names no test: ${proof}`];
    return references
      .filter(({ path, title }) => !existsSync(path) || !readFileSync(path, 'utf8').includes(title))
      .map(({ path, title }) => `${number}: ${path} has no test "${title}"`);
  });
  expect(faults).toEqual([]);
});
