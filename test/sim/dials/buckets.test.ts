import { expect, test } from 'bun:test';
import { type BucketLevel, takeToken } from '../../../src/sim/dials/buckets.ts';
import { Dials, parseDial } from '../../../src/sim/dials/index.ts';

const size = { size: 2, perSecond: 1 };
const empty: BucketLevel = { bucket: size, tokens: 0, at: 5000 };

const rows = [
  { name: 'never seen: full', level: undefined, bucket: size, now: 0, granted: true, tokens: 1 },
  { name: 'empty', level: empty, bucket: size, now: 5999, granted: false, tokens: 0.999 },
  { name: 'filled again', level: empty, bucket: size, now: 6000, granted: true, tokens: 0 },
  { name: 'never over its size', level: empty, bucket: size, now: 60_000, granted: true, tokens: 1 },
  { name: 'another size: full', level: empty, bucket: { ...size, size: 5 }, now: 5000, granted: true, tokens: 4 },
  { name: 'another rate: full', level: empty, bucket: { ...size, perSecond: 9 }, now: 5000, granted: true, tokens: 1 },
  {
    name: 'a clock that went back',
    level: { ...empty, tokens: 1.5 },
    bucket: size,
    now: 0,
    granted: true,
    tokens: 0.5,
  },
];
for (const { name, level, bucket, now, granted, tokens } of rows)
  test(`takeToken() from a bucket: ${name}`, () =>
    expect(takeToken(level, { bucket, now })).toEqual({ granted, level: { bucket, tokens, at: now } }));

test('switching the documented buckets fills every bucket', () => {
  const dials = new Dials({ buckets: 'ec2' });
  const launch = (): string =>
    dials.decide({ action: 'RunInstances', now: 0, reads: false, unfiltered: false }).answer.kind;
  const five = (): readonly string[] => Array.from({ length: 6 }, launch);
  const emptied = ['serve', 'serve', 'serve', 'serve', 'serve', 'fault'];
  expect(five()).toEqual(emptied);
  dials.setBuckets('ec2');
  expect(five()).toEqual(emptied);
});

test('a bucket has bounds', () => {
  const kind = (bucket: object): string => parseDial({ action: '*', bucket }, []).kind;
  expect([
    kind({ size: 1_000_000, perSecond: 1_000_000 }),
    kind({ size: 1_000_001, perSecond: 1 }),
    kind({ size: 1, perSecond: 1_000_001 }),
    kind({ size: 1, perSecond: -1 }),
    kind({ size: 1, perSecond: 0, more: 1 }),
  ]).toEqual(['dial', 'problems', 'problems', 'problems', 'problems']);
});
