import { expect, test } from 'bun:test';
import { Asking } from '../../../src/ipamd/outside/asking.ts';

test('without doubt nothing is due, a new doubt is due at once', () => {
  const asking = new Asking();
  expect(asking.dueMs([])).toBeUndefined();
  expect(asking.dueMs(['a'])).toBe(0);
});

test('a doubt that EC2 does not end is asked about later and later, and never more than every ten minutes', () => {
  const asking = new Asking();
  let now = 1_000;
  const pauses: number[] = [];
  for (let n = 0; n < 9; n++) {
    asking.note(['imds says otherwise'], now);
    const due = asking.dueMs(['imds says otherwise']) ?? 0;
    pauses.push((due - now) / 1000);
    now = due;
  }
  expect(pauses).toEqual([10, 30, 60, 120, 300, 600, 600, 600, 600]);
});

test('another doubt is not kept waiting by an old one, and one that ended begins anew', () => {
  const asking = new Asking();
  asking.note(['old'], 0);
  asking.note(['old'], 10_000);
  expect(asking.dueMs(['old', 'new'])).toBe(0);
  expect(asking.dueMs(['new'])).toBe(0);
  expect(asking.dueMs(['old'])).toBe(0);
});
