import { expect, test } from 'bun:test';
import { whenQuiet } from '../../src/ipamd/quiet.ts';

test('whenQuiet() works once after the last sign of life, and once more after the next', async () => {
  let done = 0;
  let next = Promise.withResolvers<void>();
  const alive = whenQuiet(1, () => {
    done += 1;
    next.resolve();
  });
  alive();
  alive();
  // The timer does not keep a process alive; the test does.
  const keep = setInterval(() => undefined, 1000);
  await next.promise;
  expect(done).toBe(1);
  next = Promise.withResolvers<void>();
  alive();
  await next.promise;
  expect(done).toBe(2);
  clearInterval(keep);
});
