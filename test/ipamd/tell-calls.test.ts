import { expect, test } from 'bun:test';
import { parseIpv4 } from '../../src/addr/index.ts';
import { tellAdded, timeCall } from '../../src/ipamd/tell-calls.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('what a call has done is told behind its answer, with the time until then', async () => {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const logger = { info: (...line: readonly unknown[]) => void told.push(line) };
  const ended = timeCall(clock, (code, ms) => told.push([code, ms]));
  const started = clock.monotonic();
  await clock.pass(3, async () => undefined);
  const call = { containerId: 'c1', args: { podNamespace: 'prod', podName: 'web' } };
  const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };
  tellAdded({ clock, logger: { ...silent, ...logger } }, call, [{ address: parseIpv4('10.0.0.7') }], started);
  ended('ok');
  expect(told).toEqual([]);
  await clock.pass(1, async () => undefined);
  const fields = { container_id: 'c1', pod: 'prod/web', pod_ip: '10.0.0.7', eni_id: undefined, duration_ms: 3 };
  expect(told).toEqual([
    ['pod added', fields],
    ['ok', 3],
  ]);
});
