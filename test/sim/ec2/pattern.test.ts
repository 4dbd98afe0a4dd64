import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { createPattern } from '../../../src/sim/ec2/pattern.ts';

const rows: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['', '', true],
  ['', 'a', false],
  ['abc', 'abc', true],
  ['abc', 'abcd', false],
  ['*', '', true],
  ['*', 'any\nthing', true],
  ['a*c', 'abbc', true],
  ['a*c', 'abb', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['?', '💡', true],
  ['*.txt', 'a.txt.txt', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['\\?', '?', true],
  ['\\\\', '\\', true],
  ['a\\b', 'a\\b', true],
  ['.*', 'abc', false],
];

for (const [pattern, text, matches] of rows)
  test(`createPattern() ${JSON.stringify(pattern)} ${matches ? 'takes' : 'leaves'} ${JSON.stringify(text)}`, () => {
    expect(createPattern(pattern)(text)).toBe(matches);
  });

test('createPattern() agrees with the regular expression it stands for', () => {
  const sign = fc.constantFrom('a', 'b', '*', '?');
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 8 }), letters, (pattern, text) => {
      const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
      return createPattern(pattern)(text) === new RegExp(`^${source}$`, 's').test(text);
    }),
  );
});

test('createPattern() of many stars does not try them all', () => {
  // A regular expression would take longer than the universe has.
  expect(createPattern(`${'a*'.repeat(60)}b`)('a'.repeat(5000))).toBe(false);
});
