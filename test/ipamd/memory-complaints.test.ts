import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { complaintsOfMemory } from '../../src/ipamd/memory-complaints.ts';

const told = (store: { failure: HostError | undefined }, found: { damage: string[]; fromKernel: number }) => {
  let nowMs = 5_000;
  const damage = found.damage.map((reason) => ({ file: 'journal', reason }) as const);
  const complaints = complaintsOfMemory(store, { ...found, damage, clock: { monotonic: () => nowMs } });
  return (afterMs: number) => {
    nowMs = 5_000 + afterMs;
    return complaints.flatMap((complaint) => complaint()?.code ?? []);
  };
};

test('what a start found damaged is told for an hour', () => {
  const codes = told({ failure: undefined }, { damage: ['missing'], fromKernel: 0 });
  expect([codes(0), codes(3_599_999), codes(3_600_000)]).toEqual([['STATE_DAMAGED'], ['STATE_DAMAGED'], []]);
});

test('pods that no file knew are damage too, and a sound start is none', () => {
  expect(told({ failure: undefined }, { damage: [], fromKernel: 1 })(0)).toEqual(['STATE_DAMAGED']);
  expect(told({ failure: undefined }, { damage: [], fromKernel: 0 })(0)).toEqual([]);
});

test('files that cannot be written are told as long as they cannot', () => {
  const store: { failure: HostError | undefined } = { failure: new HostError('FILE_FAILED', {}) };
  const codes = told(store, { damage: [], fromKernel: 0 });
  expect(codes(0)).toEqual(['FILE_FAILED']);
  store.failure = undefined;
  expect(codes(0)).toEqual([]);
});
