import { expect, test } from 'bun:test';
import { createSimClock } from '../../../src/sim/clock/index.ts';
import { type Clock, systemClock } from '../../../src/sys/index.ts';

/** A clock below that shows what it is told. */
function shown(): Clock & { time: number } {
  return {
    time: 1000,
    now() {
      return this.time;
    },
    monotonic() {
      return this.time - 1000;
    },
    sleep: () => new Promise(() => {}),
  };
}

test('it shows the time of the clock below until it is moved, stopped or set', () => {
  const below = shown();
  const clock = createSimClock(below);
  const seen: (readonly [string, number, number, number])[] = [];
  const see = (step: string): void => void seen.push([step, clock.now(), clock.monotonic(), clock.offsetMs]);
  see('new');
  clock.advance(500);
  see('moved ahead');
  below.time += 10;
  see('ticks on');
  clock.setTicking(false);
  clock.setTicking(false);
  below.time += 100;
  see('stands still');
  clock.advance(5);
  see('moved while it stands');
  clock.setTicking(true);
  below.time += 1;
  see('ticks again');
  clock.setTime(100);
  see('set back');
  clock.setTime(5000);
  see('set ahead');
  expect(seen).toEqual([
    ['new', 1000, 0, 0],
    ['moved ahead', 1500, 500, 500],
    ['ticks on', 1510, 510, 500],
    ['stands still', 1510, 510, 400],
    ['moved while it stands', 1515, 515, 405],
    ['ticks again', 1516, 516, 405],
    ['set back', 100, 516, -1011],
    ['set ahead', 5000, 5416, 3889],
  ]);
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => clock.advance(ms)).toThrow(RangeError);
});

test('a move wakes exactly those whose time has come, also while the clock stands still', async () => {
  const clock = createSimClock(systemClock);
  clock.setTicking(false);
  const woken: string[] = [];
  const sleep = (name: string, ms: number): Promise<void> => clock.sleep(ms).then(() => void woken.push(name));
  const all = [sleep('minute', 60_000), sleep('hour', 3_600_000), sleep('nothing', 0)];
  await all[2];
  clock.advance(59_999);
  clock.advance(1);
  await all[0];
  expect(woken).toEqual(['nothing', 'minute']);
  clock.setTicking(true);
  clock.advance(3_600_000);
  await all[1];
  expect(woken).toEqual(['nothing', 'minute', 'hour']);
});

test('time passes by itself, and an abort ends a sleep with its reason', async () => {
  const clock = createSimClock(systemClock);
  const before = clock.monotonic();
  await clock.sleep(5);
  expect(clock.monotonic() - before).toBeGreaterThanOrEqual(5);
  for (const ticking of [true, false]) {
    clock.setTicking(ticking);
    const stop = new AbortController();
    const sleeping = clock.sleep(3_600_000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow('enough');
  }
});

test('moves by whole milliseconds are exact, whatever fraction of one the clock below shows', () => {
  const wrong = Array.from({ length: 1000 }, (_, index) => 1000 + index * 7.123_456_789).filter((time) => {
    const clock = createSimClock({ ...shown(), monotonic: () => time });
    clock.setTicking(false);
    clock.advance(1500);
    const then = clock.monotonic();
    clock.advance(4999);
    clock.advance(1);
    return clock.monotonic() - 5000 !== then;
  });
  expect(wrong).toEqual([]);
});
