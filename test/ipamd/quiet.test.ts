import { expect, test } from 'bun:test';
import { whenQuiet } from '../../src/ipamd/quiet.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** When the work is done, in milliseconds from the start, if there are signs of life at these times. */
async function doneAt(signs: readonly number[], untilMs: number, stopMs = untilMs): Promise<readonly number[]> {
  const clock = new ManualClock();
  const stop = new AbortController();
  const began = clock.monotonic();
  const done: number[] = [];
  const at = (): number => clock.monotonic() - began;
  const alive = whenQuiet({ clock, signal: stop.signal }, { quietMs: 100, pauseMs: 5, everyMs: 150 }, () =>
    done.push(at()),
  );
  clock.after(stopMs, () => stop.abort());
  for (const sign of signs) clock.after(sign, alive);
  await clock.pass(untilMs, async () => undefined);
  return done;
}
const every = (ms: number, untilMs: number): readonly number[] =>
  Array.from({ length: Math.floor(untilMs / ms) }, (_, n) => n * ms);

test('work is done in the first pause, then after the last sign of life, and again after the next', async () => {
  expect(await doneAt([0, 10, 300], 1_000)).toEqual([5, 110, 305]);
  expect(await doneAt([], 1_000)).toEqual([]);
});

test('where something happens all the time it is done in a pause, now and then', async () => {
  expect(await doneAt(every(10, 400), 400)).toEqual([5, 165, 325]);
});

test('without any pause it waits for the end', async () => {
  expect(await doneAt(every(4, 400), 1_000)).toEqual([401]);
});

test('a stop calls it off', async () => {
  expect(await doneAt([0], 1_000, 3)).toEqual([]);
});
