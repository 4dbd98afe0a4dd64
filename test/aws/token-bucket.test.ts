import { expect, test } from 'bun:test';
import { TokenBucket } from '../../src/aws/token-bucket.ts';

const FOREVER = Number.POSITIVE_INFINITY;
const waits = (bucket: TokenBucket, nowMs: number, count: number): readonly number[] =>
  Array.from({ length: count }, () => bucket.take(nowMs, FOREVER).waitMs);

test('a full bucket gives all it holds at once, then one after the other', () => {
  expect(waits(new TokenBucket({ size: 3, perSecond: 5 }), 0, 6)).toEqual([0, 0, 0, 200, 400, 600]);
});

test('an empty bucket fills again, never above its size', () => {
  const bucket = new TokenBucket({ size: 3, perSecond: 5 });
  waits(bucket, 1_000, 3);
  expect(waits(bucket, 1_400, 3)).toEqual([0, 0, 200]);
  expect(waits(bucket, 1_000_000, 4)).toEqual([0, 0, 0, 200]);
});

test('a token that is too far away is not taken', () => {
  const bucket = new TokenBucket({ size: 1, perSecond: 1 });
  waits(bucket, 0, 1);
  expect(bucket.take(0, 999)).toEqual({ taken: false, waitMs: 1_000 });
  expect(bucket.take(0, 1_000)).toEqual({ taken: true, waitMs: 1_000 });
});

test('a throttled bucket is empty and gives half as fast each time, but never nothing', () => {
  const bucket = new TokenBucket({ size: 100, perSecond: 16 });
  const rates = Array.from({ length: 6 }, () => {
    bucket.throttled(0);
    return bucket.perSecond;
  });
  expect(rates).toEqual([8, 4, 2, 1, 1, 1]);
  expect(waits(bucket, 0, 2)).toEqual([1_000, 2_000]);
});

test('ten answers make a halved rate whole again, and more do not raise it further', () => {
  const bucket = new TokenBucket({ size: 100, perSecond: 20 });
  bucket.throttled(0);
  const rates = Array.from({ length: 12 }, () => {
    bucket.answered(0);
    return bucket.perSecond;
  });
  expect(rates).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20, 20]);
});

test('a clock that goes back gives no token and takes none', () => {
  const bucket = new TokenBucket({ size: 2, perSecond: 1 });
  waits(bucket, 10_000, 1);
  expect(waits(bucket, 5_000, 2)).toEqual([0, 1_000]);
});
