import { expect, test } from 'bun:test';
import { DoneTokens } from '../../../src/sim/ec2/done-tokens.ts';
import { faultOf } from '../model/support.ts';

test('a token has done what it has done, and nothing else; the oldest of a thousand others is forgotten', () => {
  const tokens = new DoneTokens();
  tokens.add('one', 'a');
  tokens.add(undefined, 'b');
  expect([tokens.isDone('one', 'a'), tokens.isDone('two', 'a'), tokens.isDone(undefined, 'b')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(faultOf(() => tokens.isDone('one', 'b'))).toBe('IdempotentParameterMismatch');
  for (let count = 1; count < 1000; count += 1) tokens.add(`more ${count}`, 'a');
  expect(tokens.isDone('one', 'a')).toBe(true);
  tokens.add('one too many', 'a');
  expect([tokens.isDone('one', 'a'), tokens.isDone('more 1', 'a')]).toEqual([false, true]);
});
