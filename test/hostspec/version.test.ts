import { describe, expect, test } from 'bun:test';
import { compareVersions, parseVersion, type Version } from '../../src/hostspec/version.ts';

function versionOf(word: string): Version {
  const version = parseVersion(word);
  if (version === undefined) throw new Error(`${word} is no version`);
  return version;
}

describe('parseVersion()', () => {
  for (const [word, numbers, pre] of [
    ['v1.9.1', [1, 9, 1], []],
    ['0.1.0', [0, 1, 0], []],
    ['1.1', [1, 1, 0], []],
    ['v1.2.0-rc.1', [1, 2, 0], ['rc', '1']],
    ['1.1.1+ds1-3', [1, 1, 1], []],
  ] as const) {
    test(`reads ${word}`, () => expect<Version | undefined>(parseVersion(word)).toEqual({ numbers, pre }));
  }
  for (const word of ['unknown', '', 'v1', 'latest', '1.2.3.4', 'v1.2.3 extra'])
    test(`finds none in "${word}"`, () => expect(parseVersion(word)).toBeUndefined());
});

test('compareVersions() puts versions in the order in which they were released', () => {
  const ordered = [
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    'v1.0.0',
    'v1.9.1',
    'v1.10.0',
    '10.0.0',
  ];
  const table = ordered.map((a) => ordered.map((b) => Math.sign(compareVersions(versionOf(a), versionOf(b)))));
  expect(table).toEqual(ordered.map((_, row) => ordered.map((__, column) => Math.sign(row - column))));
});

test('compareVersions() takes builds of one version for the same', () =>
  expect(compareVersions(versionOf('1.1.1+ds1'), versionOf('v1.1.1'))).toBe(0));
