import { expect, test } from 'bun:test';
import { TimeSlices } from '../../src/ipamd/time-slices.ts';

/** A loop whose turns come when they are told to, and a clock that only work moves. */
function loop() {
  let nowMs = 0;
  let due: (() => void)[] = [];
  return {
    monotonic: () => nowMs,
    after: (_ms: number, work: () => void): (() => void) => {
      due.push(work);
      return () => undefined;
    },
    takes: (ms: number): void => {
      nowMs += ms;
    },
    next: async (): Promise<void> => {
      const now = due;
      due = [];
      for (const work of now) work();
      await Promise.resolve();
    },
    get isIdle(): boolean {
      return due.length === 0;
    },
  };
}

test('calls that come together are served a slice at a time, in their order', async () => {
  const clock = loop();
  const slices = new TimeSlices(clock);
  const begun: number[] = [];
  const all = Array.from({ length: 10 }, (_, call) =>
    slices.run(() => {
      begun.push(call);
      clock.takes(1);
      return call;
    }),
  );
  expect(begun).toEqual([0, 1, 2, 3]);
  await clock.next();
  expect(begun.slice(4)).toEqual([4, 5, 6, 7]);
  await clock.next();
  expect(begun.slice(8)).toEqual([8, 9]);
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await clock.next();
  expect(clock.isIdle).toBe(true);
});

test('one call is served at once, and in the next turn another one', async () => {
  const clock = loop();
  const slices = new TimeSlices(clock);
  for (const round of [1, 2]) {
    let isDone = false;
    void slices.run(() => {
      clock.takes(20);
      isDone = true;
    });
    expect([round, isDone]).toEqual([round, true]);
    await clock.next();
  }
});

test('what comes later does not overtake what waits, also when there is time again', async () => {
  const clock = loop();
  const slices = new TimeSlices(clock);
  const begun: string[] = [];
  const work = (name: string, ms: number) => () => {
    begun.push(name);
    clock.takes(ms);
  };
  void slices.run(work('long', 10));
  void slices.run(work('waits', 10));
  void slices.run(work('waits too', 1));
  await clock.next();
  void slices.run(work('later', 1));
  expect(begun).toEqual(['long', 'waits']);
  await clock.next();
  expect(begun).toEqual(['long', 'waits', 'waits too', 'later']);
});

test('a piece that fails fails alone, whether at once or after it waited', async () => {
  const clock = loop();
  const slices = new TimeSlices(clock);
  const fails = (ms: number) => () => {
    clock.takes(ms);
    throw new Error('no');
  };
  const failed = [slices.run(fails(10)), slices.run(fails(1))].map((call) =>
    call.catch((error: Error) => error.message),
  );
  const late = slices.run(async () => 'served');
  await clock.next();
  expect([...(await Promise.all(failed)), await late]).toEqual(['no', 'no', 'served']);
});
