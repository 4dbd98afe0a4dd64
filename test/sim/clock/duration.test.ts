import { describe, expect, test } from 'bun:test';
import { parseDuration, parseTime } from '../../../src/sim/clock/index.ts';

describe('parseDuration()', () => {
  const rows = [
    ['250ms', 250],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['0s', 0],
    ['', undefined],
    ['5', undefined],
    ['-5m', undefined],
    ['1.5h', undefined],
    ['5 m', undefined],
    ['1y', undefined],
  ] as const;
  for (const [text, ms] of rows) test(`"${text}"`, () => expect(parseDuration(text)).toBe(ms as number));
});

describe('parseTime()', () => {
  const rows = [
    ['2030-01-31T12:00:00Z', Date.UTC(2030, 0, 31, 12)],
    ['2030-01-31T12:00', Date.UTC(2030, 0, 31, 12)],
    ['2030-01-31T12:00:00.5+01:00', Date.UTC(2030, 0, 31, 11, 0, 0, 500)],
    ['2030-01-31', Date.UTC(2030, 0, 31)],
    ['2030-13-31', undefined],
    ['2030-02-30', undefined],
    ['2028-02-29', Date.UTC(2028, 1, 29)],
    ['yesterday', undefined],
    ['1893456000', undefined],
  ] as const;
  for (const [text, ms] of rows) test(`"${text}"`, () => expect(parseTime(text)).toBe(ms as number));
});
