import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { Conditions, named } from '../../src/ipamd/conditions.ts';
import { createLogger } from '../../src/log/index.ts';

test('a condition is there while somebody complains, with the time it began', () => {
  let now = 1_000;
  let wrong: HostError | undefined;
  const conditions = new Conditions({
    clock: { now: () => now },
    logger: createLogger({ level: 'error', program: 't' }),
  });
  conditions.watch(() => wrong);
  const seen = () => conditions.list().map(({ error, sinceMs }) => `${error.code} ${error.details['enis']} ${sinceMs}`);
  expect(seen()).toEqual([]);
  wrong = new HostError('ENI_LOST', { enis: 'eni-1' });
  expect(seen()).toEqual(['ENI_LOST eni-1 1000']);
  now = 2_000;
  wrong = new HostError('ENI_LOST', { enis: 'eni-1, eni-2' });
  expect(seen()).toEqual(['ENI_LOST eni-1, eni-2 1000']);
  wrong = undefined;
  expect(seen()).toEqual([]);
  now = 3_000;
  wrong = new HostError('ENI_LOST', { enis: 'eni-1' });
  expect(seen()).toEqual(['ENI_LOST eni-1 3000']);
});

test('of two who complain of the same the first is told', () => {
  const conditions = new Conditions({
    clock: { now: () => 1 },
    logger: createLogger({ level: 'error', program: 't' }),
  });
  conditions.watch(() => new HostError('ENI_LOST', { enis: 'first' }));
  conditions.watch(() => new HostError('ENI_LOST', { enis: 'second' }));
  conditions.watch(() => new HostError('NO_PROGRESS', { action: 'assign' }));
  expect(conditions.list().map(({ error }) => error.message)).toEqual([
    'the link of first is gone: no pod gets an address of it',
    'EC2 answers assign with success, and nothing changes',
  ]);
});

test('a long list is cut', () => {
  expect(named(['a', 'b'])).toBe('a, b');
  expect(named(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('a, b, c, d, e and 2 more');
});
