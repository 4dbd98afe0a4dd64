import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { AddsUnderWay } from '../../src/ipamd/adds-under-way.ts';

const STAYS = new AbortController().signal;
const deleted = new HostError('ATTACHMENT_UNKNOWN', { containerId: 'c1', ifName: 'eth0' });
const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) => (error instanceof Error ? error.message : error));

test('a DEL ends the ADD under way and those that wait for their turn; one that comes later runs', async () => {
  const adds = new AddsUnderWay();
  const ran: string[] = [];
  const began = Promise.withResolvers<void>();
  const untilEnded = (name: string) => (ended: AbortSignal) => {
    ran.push(name);
    began.resolve();
    const { promise, reject } = Promise.withResolvers<string>();
    ended.addEventListener('abort', () => reject(ended.reason), { once: true });
    return promise;
  };
  const first = outcome(adds.run('c1', STAYS, untilEnded('first')));
  const second = outcome(adds.run('c1', STAYS, untilEnded('second')));
  const other = outcome(adds.run('c2', STAYS, async () => 'of another container'));
  await began.promise;
  adds.end('c1', deleted);
  const later = outcome(adds.run('c1', STAYS, async () => 'after the DEL'));
  expect(await Promise.all([first, second, other, later])).toEqual([
    deleted.message,
    deleted.message,
    'of another container',
    'after the DEL',
  ]);
  expect(ran).toEqual(['first']);
});

test('a caller that goes ends its own ADD only', async () => {
  const adds = new AddsUnderWay();
  const leaving = new AbortController();
  const gate = Promise.withResolvers<void>();
  const first = outcome(adds.run('c1', STAYS, () => gate.promise));
  const second = outcome(adds.run('c1', leaving.signal, async () => 'it ran'));
  const third = outcome(adds.run('c1', STAYS, async () => 'third'));
  leaving.abort(new Error('gone'));
  gate.resolve();
  expect(await Promise.all([first, second, third])).toEqual([undefined, 'gone', 'third']);
  expect(await outcome(adds.run('c1', AbortSignal.abort(new Error('gone before')), async () => 'it ran'))).toBe(
    'gone before',
  );
});
