import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { tableAfter } from './tables.ts';

const PAGE = readFileSync('docs/cni-conformance.md', 'utf8');

/** What the specification asks of a plugin, by section; counted when its text was gone through. */
const SECTIONS = {
  'Process and parameters': 10,
  ADD: 7,
  DEL: 6,
  CHECK: 8,
  STATUS: 5,
  GC: 4,
  VERSION: 2,
  Errors: 7,
  'Concurrency and chains': 4,
} as const;

const ROWS = Object.entries(SECTIONS).flatMap(([heading, count], section) => {
  const rows = tableAfter(PAGE, heading).map(([number = '', asked = '', word = '', here = '', proof = '']) => ({
    number,
    asked,
    word,
    here,
    references: [...proof.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)].map(([, path = '', title = '']) => ({
      path,
      title,
    })),
  }));
  return [{ heading, section: section + 1, count, rows }];
});

test('every demand has a line, in order', () => {
  for (const { section, count, rows } of ROWS)
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, n) => `${section}.${n + 1}`));
});

test('every line says what is done, and names tests that are there', () => {
  const faults = ROWS.flatMap(({ rows }) => rows).flatMap(({ number, asked, word, here, references }) => {
    if (asked === '' || here === '' || !['must', 'should', 'may', '–'].includes(word))
      return [`${number} is not whole`];
    if (references.length === 0) return here === 'we delegate to none' ? [] : [`${number} names no test`];
    return references
      .filter(({ path, title }) => !existsSync(path) || !readFileSync(path, 'utf8').includes(title))
      .map(({ path, title }) => `${number}: ${path} has no test "${title}"`);
  });
  expect(faults).toEqual([]);
});
