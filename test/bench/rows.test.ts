import { describe, expect, test } from 'bun:test';
import { type Measured, median, quantile, renderTable, rowOf } from '../../scripts/bench/rows.ts';

const ADD: Measured = {
  ...{ name: 'add-serial', ours: [9, 11, 10], peer: [8, 8, 9], unit: 'ms', against: 'ptp+host-local' },
};
const MEMORY: Measured = { name: 'daemon-rss', ours: [45], peer: [60], unit: 'MB', against: 'budget' };

describe('median() and quantile()', () => {
  const rows = [
    { name: 'one sample', samples: [4], half: 4, tenth: 4 },
    { name: 'an even number of samples', samples: [4, 1, 3, 2], half: 2.5, tenth: 1.3 },
    { name: 'numbers, not words, in order', samples: [10, 9, 100], half: 10, tenth: 9.2 },
  ];
  for (const { name, samples, half, tenth } of rows)
    test(name, () => {
      expect(median(samples)).toBe(half);
      expect(quantile(samples, 0.1)).toBeCloseTo(tenth);
    });
  test('no sample has no median', () => expect(median([])).toBeNaN());
});

test('rowOf() compares medians, and says when the peer is a budget', () => {
  expect([ADD, MEMORY].map(rowOf)).toEqual([
    { name: 'add-serial', ours: 10, peer: 8, ratio: 1.25, unit: 'ms' },
    { name: 'daemon-rss', ours: 45, peer: 60, ratio: 0.75, unit: 'MB (peer: budget)' },
  ]);
});

test('renderTable() lines numbers up and leaves out the spread of single samples', () => {
  expect(renderTable([ADD, MEMORY])).toBe(
    [
      '               ours   p10–p90     peer  p10–p90  ratio  n  against',
      'add-serial  10.0 ms  9.2–10.8   8.0 ms  8.0–8.8  1.25×  3  ptp+host-local',
      'daemon-rss  45.0 MB            60.0 MB           0.75×  1  budget',
      '',
    ].join('\n'),
  );
});
