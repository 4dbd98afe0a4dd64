import { expect, test } from 'bun:test';
import { invalidConfiguration } from '../../src/config/index.ts';

const findings = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ origin: `x:${n + 1}`, reason: 'is bad' }));

test('a file that holds anything but settings is refused in a text that can be read', () => {
  const { message } = invalidConfiguration(findings(100_000));
  const lines = message.split('\n');
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([
    52,
    'invalid configuration: 100000 findings',
    '  … and 99950 more',
  ]);
});

test('as many as a person reads are all named', () => {
  expect(invalidConfiguration(findings(50)).message.split('\n').at(-1)).toBe('  (x:50) is bad');
  expect(invalidConfiguration(findings(1)).message).toBe('invalid configuration: (x:1) is bad');
});
