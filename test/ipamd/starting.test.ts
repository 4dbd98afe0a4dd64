import { expect, test } from 'bun:test';
import { renderError } from '../../src/cniproto/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { HOST_NETWORK, onceStarted, startingRefusal } from '../../src/ipamd/starting.ts';
import type { Phase } from '../../src/ipamd/status.ts';
import { ManualClock } from '../support/manual-clock.ts';

const starting = (doing: string, failed: boolean): Phase => ({
  kind: 'starting',
  doing,
  failure: failed
    ? { atMs: 1, error: new HostError('NETLINK', { action: 'add rule 512', errno: 'EPERM' }) }
    : undefined,
});

const rows = [
  ['a start that goes on', starting('reading the instance metadata', false), 50, 11, 'reading the instance metadata'],
  ['one that EC2 holds up', starting('asking EC2', true), 50, 11, 'add rule 512'],
  ['a kernel that refuses rules and routes', starting(HOST_NETWORK.links, true), 51, 11, 'repairing the host network'],
  ['a packet filter that refuses', starting(HOST_NETWORK.rules, true), 51, 11, 'setting packet rules failed'],
  ['a stop', { kind: 'stopping' } as const, 50, 11, 'stopping'],
] as const;
test.each(rows)('STATUS and ADD are refused during %s', (_, phase, status, add, says) => {
  const refusal = startingRefusal(phase);
  expect(renderError(refusal, '1.1.0', 'STATUS').code).toBe(status);
  expect(renderError(refusal, '1.1.0', 'ADD').code).toBe(add);
  expect(refusal.message).toContain(says);
});

test.each([
  ['ADD', 20_000],
  ['DEL', 3_000],
  ['STATUS', 500],
])('%s waits %d ms for a start, and no longer', async (command, ms) => {
  const clock = new ManualClock();
  const started = Promise.withResolvers<string>();
  const now = () => starting('reading', false);
  const refused = onceStarted(started.promise, now, { command, clock }).catch((error: HostError) => error.code);
  const served = onceStarted(started.promise, now, { command, clock: new ManualClock() });
  await clock.pass(ms - 1, async () => {});
  const pending = Symbol('pending');
  expect<unknown>(await Promise.race([refused, Promise.resolve(pending)])).toBe(pending);
  await clock.pass(1, async () => {});
  expect<unknown>(await refused).toBe('ENGINE_STARTING');
  started.resolve('serves');
  expect(await served).toBe('serves');
});

test('a daemon that is being stopped serves nobody any more', async () => {
  const call = { command: 'ADD', clock: new ManualClock() };
  expect(onceStarted(Promise.resolve(1), () => ({ kind: 'stopping' }), call)).rejects.toThrow('being stopped');
});
