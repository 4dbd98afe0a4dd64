import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseEnvFile, redactDocument } from '../../src/config/index.ts';

const rows = [
  { name: 'a plain value', text: 'A=1', values: { A: '1' }, lines: { A: 1 } },
  { name: 'blanks around name and value', text: '  A = two words  \n', values: { A: 'two words' }, lines: { A: 1 } },
  { name: 'comments of both kinds', text: '# c\n; c\n\nA=1 # kept', values: { A: '1 # kept' }, lines: { A: 4 } },
  { name: 'an empty value', text: 'A=\nB=', values: { A: '', B: '' }, lines: { A: 1, B: 2 } },
  { name: 'double quotes', text: 'A=" x \\" \\n "', values: { A: ' x " \\n ' }, lines: { A: 1 } },
  { name: 'single quotes are literal', text: `A='{"a":"\\"}'`, values: { A: '{"a":"\\"}' }, lines: { A: 1 } },
  { name: 'quotes in the middle', text: 'A=x" y "z', values: { A: 'x y z' }, lines: { A: 1 } },
  { name: 'a continued line', text: 'A=1\\\n2\nB=3', values: { A: '12', B: '3' }, lines: { A: 1, B: 3 } },
  { name: 'a quoted newline', text: 'A="1\n2"\nB=3', values: { A: '1\n2', B: '3' }, lines: { A: 1, B: 3 } },
  { name: 'carriage returns', text: 'A=1\r\nB=2\r\n', values: { A: '1', B: '2' }, lines: { A: 1, B: 2 } },
  { name: 'a name every object has', text: 'constructor=1', values: { constructor: '1' }, lines: { constructor: 1 } },
] as const;

const broken = [
  { name: 'no equals sign', text: '\nWARM', findings: [{ origin: 'f:2', reason: 'is not KEY=VALUE' }] },
  {
    name: 'no equals sign on this line',
    text: 'WARM_IP_TARGET: 1\nA=1',
    findings: [{ origin: 'f:1', reason: 'is not KEY=VALUE: "WARM_IP_TARGET…"' }],
  },
  {
    name: 'export as in a shell',
    text: 'export MAX_ENI=1',
    findings: [{ origin: 'f:1', reason: 'has no valid name before "=": "export MAX_ENI…"' }],
  },
  {
    name: 'an open quote',
    text: 'MAX_ENI="1\nSECRET=2',
    findings: [{ origin: 'f:1', key: 'MAX_ENI', reason: 'opens a quote " and never closes it' }],
  },
  {
    name: 'what looks like a name and may be the end of a secret',
    text: 'wJalrXUtnFEMI==\nwJalrXUtnFEMI="',
    findings: [
      { origin: 'f:2', reason: 'is set a second time in this file, first in line 1' },
      { origin: 'f:2', reason: 'opens a quote " and never closes it' },
    ],
  },
  {
    name: 'a name set twice',
    text: 'A_B=1\nA_B=2',
    findings: [{ origin: 'f:2', key: 'A_B', reason: 'is set a second time in this file, first in line 1' }],
  },
] as const;

describe('redactDocument()', () => {
  test('keeps the settings of a document and nothing that may be secret', () => {
    const text = [
      '# password: x',
      'MAX_ENI=2 # two',
      '',
      "AWS_SECRET_ACCESS_KEY='x",
      "x'",
      'HTTPS_PROXY=http://me:x@proxy:1',
      'AWS_SESSION_TOKEN x',
      'xxx==',
      'DB_PASSWORD=x',
      'CLUSTER_NAME="x',
    ];
    const remark = (one: string): string => one.replace('x', '?');
    expect(redactDocument(text.join('\n'), remark).split('\n')).toEqual([
      '# password: ?',
      'MAX_ENI="2 # two"',
      '',
      'AWS_SECRET_ACCESS_KEY="(hidden)"',
      'HTTPS_PROXY="http://(hidden)@proxy:1"',
      '# (a line that is no setting)',
      '# (a name that is no setting)',
      'DB_PASSWORD="(hidden)"',
      '# (CLUSTER_NAME, not closed)',
      '',
    ]);
  });
});

describe('parseEnvFile()', () => {
  for (const row of rows) {
    test(`reads ${row.name}`, () => {
      const { values, lines, findings } = parseEnvFile(row.text, 'f');
      expect(JSON.stringify({ values, lines, findings })).toBe(
        JSON.stringify({ values: row.values, lines: row.lines, findings: [] }),
      );
    });
  }
  for (const row of broken) {
    test(`finds ${row.name}`, () => {
      expect(parseEnvFile(row.text, 'f').findings).toEqual([...row.findings]);
    });
  }
  test('reads back any value in single quotes', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(!value.includes("'"));
        expect(parseEnvFile(`A='${value}'\n`, 'f').values).toEqual({ A: value });
      }),
    );
  });
  test('ends for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'A=\n"\'\\ #;') }), (text) => void parseEnvFile(text, 'f')),
    );
  });
});
