import { expect, test } from 'bun:test';
import { OncePerTurn } from '../../src/ipamd/once-per-turn.ts';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

/** A loop whose turns come when they are told to. */
function loop() {
  let due: (() => void)[] = [];
  const after = (_ms: number, work: () => void): (() => void) => {
    due.push(work);
    return () => undefined;
  };
  const next = async (): Promise<void> => {
    const now = due;
    due = [];
    for (const work of now) work();
    await settle();
  };
  return { after, next };
}

test('work that comes together gets a turn each, in its order, and what has one keeps it while it lasts', async () => {
  const clock = loop();
  const turns = new OncePerTurn(clock);
  const begun: string[] = [];
  const work = async (name: string): Promise<void> => {
    const own = await turns.enter();
    begun.push(name);
    await turns.enter(own);
    begun.push(`${name}, still`);
  };
  for (const name of ['a', 'b', 'c']) void work(name);
  await settle();
  expect(begun).toEqual(['a', 'a, still']);
  await clock.next();
  expect(begun.slice(2)).toEqual(['b', 'b, still']);
  await clock.next();
  expect(begun.slice(4)).toEqual(['c', 'c, still']);
});

test('a turn that is over must be waited for again, behind those that wait already', async () => {
  const clock = loop();
  const turns = new OncePerTurn(clock);
  const own = await turns.enter();
  await clock.next();
  const begun: string[] = [];
  void turns.enter().then(() => begun.push('other'));
  void turns.enter(own).then(() => begun.push('again'));
  await settle();
  expect(begun).toEqual(['other']);
  await clock.next();
  expect(begun).toEqual(['other', 'again']);
});
