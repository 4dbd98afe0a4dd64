import { describe, expect, test } from 'bun:test';
import { BIN_MS, BINS, History } from '../../src/dashboard/history.ts';

/** A clock that stands where it is put. Both times begin at nought, and go together unless `wallMs` is set. */
function clockAt(ms: number) {
  const clock = {
    ms,
    wallMs: 0,
    now: () => clock.ms + clock.wallMs,
    monotonic: () => clock.ms,
    go: (by: number) => {
      clock.ms += by;
    },
  };
  return clock;
}

const GAUGES = { total: 9, assigned: 2, free: 6, cooldown: 1, pending: 0, waiting: 0 };

describe('History', () => {
  test('counts what happens in bins of ten seconds', () => {
    const clock = clockAt(1_000_000);
    const history = new History(clock);
    history.added(8, true);
    history.added(9_000, false);
    history.count('dels');
    clock.ms += BIN_MS;
    history.count('ec2Reads');
    history.count('ec2Changes');
    history.count('ec2Failed');
    expect(history.view()).toMatchObject({
      ...{ binMs: BIN_MS, first: 100, endMs: 1_020_000 },
      ...{ adds: [2, 0], addsFailed: [1, 0], dels: [1, 0] },
      ...{ ec2Reads: [0, 1], ec2Changes: [0, 1], ec2Failed: [0, 1] },
      ...{ addMaxMs: [9000, null], total: [null, null] },
    });
  });

  test('the median is near what most took, the slowest exact', () => {
    const clock = clockAt(0);
    const history = new History(clock);
    for (let ms = 1; ms <= 99; ms += 1) history.added(ms, true);
    history.added(30_000, true);
    const { addP50Ms, addMaxMs } = history.view();
    expect(addP50Ms[0]).toBeGreaterThanOrEqual(50);
    expect(addP50Ms[0]).toBeLessThanOrEqual(75);
    expect(addMaxMs).toEqual([30_000]);
  });

  test('the median of one is never above it, however fast or slow', () => {
    for (const ms of [0.01, 0.5, 7, 3_600_000]) {
      const history = new History(clockAt(0));
      history.added(ms, true);
      expect(history.view().addP50Ms[0]).toBeLessThanOrEqual(ms);
    }
  });

  test('each bin has a median of its own, also one that is written over', () => {
    const clock = clockAt(0);
    const history = new History(clock);
    for (const ms of [1, 10, 100]) {
      for (let count = 0; count < 9; count += 1) history.added(ms, true);
      clock.go(BIN_MS);
    }
    expect(history.view().addP50Ms).toEqual([1, 10, 100, null]);
    clock.go((BINS - 3) * BIN_MS);
    history.added(1000, true);
    expect(history.view().addP50Ms.at(-1)).toBe(1000);
    expect(history.view().addP50Ms.filter((ms) => ms !== null)).toEqual([10, 100, 1000]);
  });

  test('the pool is as it was last seen, until it is seen again', () => {
    const clock = clockAt(0);
    const history = new History(clock);
    clock.ms = BIN_MS;
    history.gauge(GAUGES);
    clock.ms = 4 * BIN_MS;
    expect(history.view().assigned).toEqual([null, 2, 2, 2, 2]);
    history.gauge({ ...GAUGES, assigned: 3 });
    expect(history.view().assigned).toEqual([null, 2, 2, 2, 3]);
  });

  test('keeps an hour: what is older is written over, and a bin that comes again is empty', () => {
    const clock = clockAt(0);
    const history = new History(clock);
    history.gauge(GAUGES);
    for (let bin = 0; bin < 2 * BINS; bin += 1) {
      clock.ms = bin * BIN_MS;
      if (bin % 2 === 0) history.added(5, true);
    }
    const view = history.view();
    expect(view.first).toBe(BINS);
    expect(view.adds).toEqual(Array.from({ length: BINS }, (_, index) => (index % 2 === 0 ? 1 : 0)));
    expect(view.assigned).toEqual(Array.from({ length: BINS }, () => 2));
  });

  test('after a sleep longer than an hour nothing old is left but how the pool was', () => {
    for (const bins of [BINS - 1, BINS, BINS + 1, 3 * BINS + 7]) {
      const clock = clockAt(0);
      const history = new History(clock);
      history.gauge(GAUGES);
      history.added(5, true);
      history.count('ec2Failed');
      clock.ms = bins * BIN_MS;
      const { adds, ec2Failed, free, addMaxMs } = history.view();
      const old = bins < BINS ? 1 : 0;
      expect([adds.length, adds[0], ec2Failed[0], addMaxMs[0]]).toEqual([BINS, old, old, old === 1 ? 5 : null]);
      expect(adds.slice(1).every((count) => count === 0)).toBe(true);
      expect(free.every((count) => count === 6)).toBe(true);
    }
  });

  test('a view from a bin on is the end of the whole', () => {
    const clock = clockAt(0);
    const history = new History(clock);
    for (let bin = 0; bin < 10; bin += 1) {
      clock.ms = bin * BIN_MS;
      for (let count = 0; count < bin; count += 1) history.count('dels');
    }
    expect(history.last).toBe(9);
    expect(history.view(8)).toMatchObject({ first: 8, dels: [8, 9] });
  });

  test('its revision tells whether a view would be another one', () => {
    const clock = clockAt(0);
    const history = new History(clock);
    const changes: readonly (readonly [what: string, change: () => void, isChange: boolean])[] = [
      ['the pool', () => history.gauge(GAUGES), true],
      ['the same pool', () => history.gauge(GAUGES), false],
      ['time within a bin', () => clock.go(BIN_MS - 1), false],
      ['a new bin', () => clock.go(1), true],
      ['a count', () => history.count('dels'), true],
      ['an ADD', () => history.added(5, true), true],
      ['a look', () => void history.view(), false],
    ];
    for (const [what, change, isChange] of changes) {
      const before = history.revision;
      change();
      expect([what, history.revision !== before]).toEqual([what, isChange]);
    }
  });

  test('wall time set back or forward moves the end and nothing else', () => {
    const clock = clockAt(BIN_MS);
    const history = new History(clock);
    history.count('dels');
    clock.wallMs = -3_600_000;
    expect(history.view()).toMatchObject({ first: 1, dels: [1], endMs: 2 * BIN_MS - 3_600_000 });
  });
});
