import { expect, test } from 'bun:test';
import { Pace } from '../../../src/ipamd/drift/pace.ts';

test('a burst of changes is followed at once, and what does not end five times a second', () => {
  const pace = new Pace();
  const waits = Array.from({ length: 130 }, () => {
    const wait = pace.waitMs(0);
    pace.looked(0, true);
    return wait;
  });
  expect(new Set(waits.slice(0, 100))).toEqual(new Set([10]));
  expect(new Set(waits.slice(100))).toEqual(new Set([200]));
  const pace2 = new Pace();
  let nowMs = 0;
  let looks = 0;
  for (; nowMs < 60_000; looks += 1) {
    nowMs += pace2.waitMs(nowMs);
    pace2.looked(nowMs, true);
  }
  expect([looks > 350, looks < 410]).toEqual([true, true]);
});

test('a fight is one only while repairs do not keep up, and until there was peace', () => {
  const pace = new Pace();
  for (let n = 0; n < 99; n += 1) pace.looked(0, true);
  expect(pace.contested(0)).toBe(false);
  pace.looked(0, true);
  expect([pace.contested(0), pace.contested(5_000), pace.contested(10_500)]).toEqual([true, true, false]);
  for (let n = 0; n < 200; n += 1) pace.looked(10_500, false);
  expect(pace.contested(10_500)).toBe(false);
});

test('a clock that stands still or goes back gives no looks', () => {
  const pace = new Pace();
  for (let n = 0; n < 100; n += 1) pace.looked(1_000, false);
  expect([pace.waitMs(1_000), pace.waitMs(500), pace.waitMs(500)]).toEqual([200, 200, 200]);
});
