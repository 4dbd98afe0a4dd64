/**
 * Serves the dashboard of a node that does not exist, on the port in the first argument: 15 ENIs with 50 addresses each and
 * 700 pods, an hour of history, every state of an address, and names of pods that try to be more than text.
 */
import type { StatusAddress, StatusDocument } from '../../src/cniproto/index.ts';
import { Dashboard } from '../../src/dashboard/index.ts';
import { systemClock } from '../../src/sys/index.ts';
import { eni, STATUS } from '../dashboard/sample.ts';

const [ENIS, SLOTS, PODS] = [15, 50, 700];
const HOUR_MS = 3_600_000;
const STEP_MS = 10_000;

function addressOf(device: number, slot: number): StatusAddress {
  const address = `10.0.${device}.${slot + 10}`;
  const number = device * SLOTS + slot;
  if (number === 0)
    return { address, state: 'assigned', pod: '<img src=x onerror=document.title=1>/"quoted" & <b>bold</b>' };
  if (number < PODS)
    return { address, state: 'assigned', pod: `namespace-${number % 7}/deployment-7d9f8c6b5-${number}` };
  switch (number % 4) {
    case 0:
      return { address, state: 'cooldown', freeInMs: 3_600_000 };
    case 1:
      return { address, state: 'quarantine', reason: 'not-in-ec2' };
    case 2:
      return { address, state: 'releasing' };
    default:
      return { address, state: 'free' };
  }
}

const enis = Array.from({ length: ENIS }, (_, device) =>
  eni(
    device,
    Array.from({ length: SLOTS }, (_, slot) => addressOf(device, slot)),
  ),
);
const status: StatusDocument = {
  ...STATUS,
  reason: 'the pool grows, and EC2 refuses',
  targets: { ...STATUS.targets, maxEnis: ENIS, addressesPerEni: SLOTS, maxPods: 737 },
  pool: { total: 750, assigned: PODS, free: 12, cooldown: 13, quarantine: 12, pending: 0 },
  waiting: 3,
  enis,
  conditions: [
    { code: 'SUBNET_NO_IPS', message: 'no address', remedy: 'another subnet', since: new Date().toISOString() },
  ],
};

const clock = {
  ...systemClock,
  agoMs: HOUR_MS,
  now: () => Date.now() - clock.agoMs,
  monotonic: () => systemClock.monotonic() - clock.agoMs,
};
const dashboard = new Dashboard(clock, new AbortController().signal);
dashboard.watch({
  status: () => status,
  gauges: () => ({ ...status.pool, waiting: 3 }),
  pathOf: async () => undefined,
  looked: () => undefined,
});
for (; clock.agoMs > 0; clock.agoMs -= STEP_MS) {
  const step = clock.agoMs / STEP_MS;
  for (let count = 0; count < step % 5; count += 1)
    dashboard.called('ADD', step % 40 === 1 ? 'POOL_GROWING' : 'ok', 3 + (step % 13) ** 3);
  if (step % 9 === 0)
    dashboard.asked({ action: 'AssignPrivateIpAddresses', code: step % 27 === 0 ? 'Throttling' : undefined });
}
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch: (request) => dashboard.serve(request) ?? new Response('not found', { status: 404 }),
});
process.stdout.write('serving\n');
