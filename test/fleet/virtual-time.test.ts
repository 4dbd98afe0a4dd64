import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { VirtualTime } from '../../src/fleet/virtual-time.ts';

const always = (): boolean => true;

test('what is due comes in the order of its time, and of its asking within one moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 60 }), async (delays) => {
      const time = new VirtualTime();
      const came: { readonly at: number; readonly index: number }[] = [];
      for (const [index, ms] of delays.entries()) time.after(ms, () => came.push({ at: time.monotonic(), index }));
      await time.pass(always);
      const wanted = delays.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at || a.index - b.index);
      expect(came).toEqual(wanted);
    }),
  );
});

test('who waited for something goes on before time does', async () => {
  const time = new VirtualTime();
  const seen: number[] = [];
  const worker = async (): Promise<void> => {
    await time.sleep(5);
    await Promise.resolve();
    await Promise.resolve();
    seen.push(time.monotonic());
    time.after(2, () => seen.push(time.monotonic()));
  };
  void worker();
  time.after(6, () => seen.push(time.monotonic()));
  await time.pass(always);
  expect(seen).toEqual([5, 6, 7]);
});

test('what is called off never comes, and time stops where it is told to', async () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  time.after(1, () => seen.push('called off'))();
  time.after(2, () => seen.push('due'));
  time.after(3, () => seen.push('too late'));
  await time.pass((nextMs) => nextMs <= 2);
  expect([seen, time.monotonic()]).toEqual([['due'], 2]);
});
