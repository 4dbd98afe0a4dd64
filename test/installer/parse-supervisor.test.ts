import { expect, test } from 'bun:test';
import { parseLastWords } from '../../src/installer/parse-supervisor.ts';

const rows = [
  { name: 'nothing', lines: [], words: undefined },
  { name: 'blank lines', lines: ['', ' '], words: undefined },
  {
    name: 'a line of JSON',
    lines: ['x', '{"level":"error","msg":"no role","error":{"message":"denied"}}'],
    words: 'no role: denied',
  },
  { name: 'a failure with its way out', lines: ['INTERNAL: it broke', '→ report it', ''], words: 'INTERNAL: it broke' },
];
for (const { name, lines, words } of rows)
  test(`parseLastWords() of ${name}`, () => expect(parseLastWords(lines)).toBe(words));
