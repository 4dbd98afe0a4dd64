import { expect, test } from 'bun:test';
import { createPortNumbers } from '../../../src/sim/fabric/numbers.ts';

test('an ENI keeps its number at a place and gets another at the next; numbers come round, but none is had by two', () => {
  const numbers = createPortNumbers(5);
  const steps = [
    ['lasting', 'a'],
    ['lasting', 'a'],
    ['moving', 'a'],
    ['moving', 'b'],
    ['moving', 'c'],
    ['moving', 'd'],
    ['moving', 'e'],
    ['other', 'a'],
  ] as const;
  expect(steps.map(([eni, place]) => numbers.of(eni, place))).toEqual([1, 1, 2, 3, 4, 5, 2, 3]);
  numbers.forget('lasting');
  expect([...'abcd'].map((place) => numbers.of('moving', place))).toEqual([4, 5, 1, 2]);
});
