import { expect, test } from 'bun:test';
import { Slots } from '../../src/aws/slots.ts';

/** Work that ends when it is told to, and what has begun of it. */
function pieces(slots: Slots, count: number) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const ended = Array.from({ length: count }, (_, index) =>
    slots.run(async () => {
      begun.push(index);
      await new Promise<void>((resolve) => {
        ends[index] = resolve;
      });
      if (index === 1) throw new Error('refused');
      return index;
    }),
  );
  return { begun, ended: Promise.allSettled(ended), end: (index: number) => ends[index]?.() };
}

test('no more at a time than there are slots, in order, whatever becomes of each', async () => {
  const { begun, ended, end } = pieces(new Slots(2), 5);
  await Bun.sleep(0);
  expect(begun).toEqual([0, 1]);
  end(1);
  await Bun.sleep(0);
  expect(begun).toEqual([0, 1, 2]);
  for (const index of [0, 2]) end(index);
  await Bun.sleep(0);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  for (const index of [3, 4]) end(index);
  expect((await ended).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
});

test('a slot that was left is taken by work that comes later', async () => {
  const slots = new Slots(1);
  expect([await slots.run(async () => 'a'), await slots.run(async () => 'b')]).toEqual(['a', 'b']);
});
