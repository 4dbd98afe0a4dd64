import { expect, test } from 'bun:test';
import { Turns } from '../../src/ipamd/turns.ts';

test('Turns: one key in order, also behind a failure; other keys at once', async () => {
  const turns = new Turns();
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.run('a', async () => {
    await gate.promise;
    said.push('a1');
    throw new Error('a1 failed');
  });
  const second = turns.run('a', async () => said.push('a2'));
  await turns.run('b', async () => said.push('b1'));
  gate.resolve();
  await expect(first).rejects.toThrow('a1 failed');
  await second;
  expect(said).toEqual(['b1', 'a1', 'a2']);
});
