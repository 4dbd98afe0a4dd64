import { expect, test } from 'bun:test';
import { attachTimes, clockOf, type Scenario } from '../../../src/sim/scenario/index.ts';
import { manualClock } from '../ec2/support.ts';

const rows: readonly {
  readonly clock: NonNullable<Scenario['clock']>;
  readonly ahead: number;
  readonly after: number;
}[] = [
  { clock: {}, ahead: 0, after: 0 },
  { clock: { ahead: '1h30m' }, ahead: 5_400_000, after: 5_400_000 },
  { clock: { behind: '250ms' }, ahead: -250, after: -250 },
  { clock: { at: '2023-11-14T22:13:25Z' }, ahead: 5000, after: 5000 },
  { clock: { at: '2023-11-14T22:13:15Z', stopped: true }, ahead: -5000, after: -6000 },
];
for (const { clock: plan, ahead, after } of rows)
  test(`clockOf() a scenario with ${JSON.stringify(plan)}`, async () => {
    const base = manualClock();
    const clock = clockOf({ clock: plan }, base);
    const first = clock.offsetMs;
    await base.advance(1000);
    expect([first, clock.offsetMs]).toEqual([ahead, after]);
  });

test('a clock that is set and stopped shows what it was set to, however long that took', () => {
  const base = manualClock();
  let readings = 0;
  const clock = clockOf(
    { clock: { at: '2040-05-06T07:08:09Z', stopped: true } },
    {
      ...base,
      now: () => {
        readings += 1;
        return base.now() + readings;
      },
    },
  );
  expect(new Date(clock.now()).toISOString()).toBe('2040-05-06T07:08:09.000Z');
});

const OTHERWISE = { attachMs: 1500, detachMs: 1000 };

test('attachTimes() draws every attach and detach within its range, equally for equal seeds', () => {
  const draw = (seed: number): readonly number[] => {
    const { attachMs } = attachTimes({ seed, times: { attachMs: [6000, 10_000] } }, OTHERWISE);
    return Array.from({ length: 500 }, () => attachMs());
  };
  const drawn = draw(1);
  const [least, most] = [Math.min(...drawn), Math.max(...drawn)];
  expect([least >= 6000, least < 6100, most > 9900, most <= 10_000]).toEqual([true, true, true, true]);
  expect(draw(1)).toEqual(drawn);
  expect(draw(2)).not.toEqual(drawn);
  expect(attachTimes({ times: { detachMs: 70 } }, OTHERWISE).detachMs()).toBe(70);
  expect(attachTimes({}, OTHERWISE).spans()).toEqual(OTHERWISE);
});

test('attachTimes() change for what begins afterwards; what is left out stays', () => {
  const times = attachTimes({ times: { attachMs: [6000, 10_000] } }, OTHERWISE);
  times.set({ attachMs: 5 });
  expect([times.attachMs(), times.detachMs(), times.spans()]).toEqual([5, 1000, { attachMs: 5, detachMs: 1000 }]);
  times.set({ detachMs: [7, 7] });
  expect([times.attachMs(), times.detachMs()]).toEqual([5, 7]);
});
