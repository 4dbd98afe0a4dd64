import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { backoffMs } from '../../src/aws/index.ts';

test('backoffMs() doubles from 200 ms up to a minute', () => {
  const longest = [0, 1, 2, 3, 8, 9, 100, 5000].map((attempt) => backoffMs({ attempt, random: 1 }));
  expect(longest).toEqual([200, 400, 800, 1600, 51_200, 60_000, 60_000, 60_000]);
});

test('backoffMs() uses the whole span from nothing on', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random) => {
      const wait = backoffMs({ attempt, random });
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(backoffMs({ attempt, random: 1 }));
      expect(backoffMs({ attempt, random: 0 })).toBe(0);
    }),
  );
});
