import { expect, test } from 'bun:test';
import { readFileSync, readlinkSync } from 'node:fs';
import { codeRanges, giveBackMemory } from '../../src/sys/index.ts';

const mapping = (head: string, anonymous: number): string =>
  `${head}\nSize:  64 kB\nRss:  64 kB\nAnonymous:      ${anonymous} kB\nVmFlags: rd ex mr mw me\n`;

test('codeRanges() names clean code and constants of the executable and nothing else', () => {
  const smaps = [
    mapping('00200000-01a40000 r--p 00000000 00:3e 55                        /opt/a/vpc-cni', 0),
    mapping('01a40000-01a60000 r-xp 01838000 00:3e 55                        /opt/a/vpc-cni', 0),
    mapping('01a60000-01a80000 r-xp 01858000 00:3e 55                        /opt/a/vpc-cni', 4),
    mapping('01a80000-01a90000 rw-p 01858000 00:3e 55                        /opt/a/vpc-cni', 0),
    mapping('7f5c8d04d000-7f5c8d05d000 r-xp 00000000 00:3e 56                /usr/lib/libc.so.6', 0),
    mapping('7f5c8d06d000-7f5c8d07d000 rwxp 00000000 00:00 0 ', 0),
  ].join('');
  expect(codeRanges(smaps, '/opt/a/vpc-cni')).toEqual([
    { start: 0x200000, length: 0x1840000 },
    { start: 0x1a40000, length: 0x20000 },
  ]);
  expect(codeRanges(smaps, '/opt/a/vpc-cni (deleted)')).toEqual([]);
});

test('giveBackMemory() finds our own code, and we go on running', () => {
  expect(codeRanges(readFileSync('/proc/self/smaps', 'utf8'), readlinkSync('/proc/self/exe')).length).toBeGreaterThan(
    0,
  );
  giveBackMemory();
  expect([3, 1, 2].toSorted()).toEqual([1, 2, 3]);
});
