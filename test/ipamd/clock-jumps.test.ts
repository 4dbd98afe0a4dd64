import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { Engine } from '../../src/ipamd/engine.ts';
import { FREE_POLICY } from '../../src/ipamd/policy.ts';
import { Store } from '../../src/ipamd/store.ts';
import { createLogger } from '../../src/log/index.ts';
import type { PoolAction } from '../../src/pool/index.ts';
import { createFiles } from '../../src/sys/index.ts';
import { eni, owner, pool, SMALL, targets } from '../pool/sample.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jumps-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NOBODY = new AbortController().signal;
const settled = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await Promise.resolve();
};

/** An engine with one ENI that can get `room` more addresses. */
function engineOf(uses: string, room: { readonly maxPods: number }) {
  const clock = new ManualClock();
  const logger = createLogger({ level: 'error', program: 'test' });
  const actions: PoolAction['kind'][] = [];
  const identity = {
    instanceId: 'i-1',
    instanceType: 't3.small',
    region: 'us-east-1',
    availabilityZone: 'us-east-1a',
    vpcId: 'vpc-1',
    subnetId: 'subnet-1',
    subnetCidr: parseIpv4Cidr('10.0.0.0/24'),
    primaryMac: parseMac('02:00:00:00:00:01'),
    primaryAddress: parseIpv4('10.0.0.200'),
    vpcCidrs: [],
    securityGroups: [],
    primaryEniId: 'eni-0',
  };
  const parts = {
    clock,
    logger,
    identity,
    signal: NOBODY,
    settings: loadSettings({ env: { ADD_WAIT_SECONDS: '1' } }).settings,
    limits: { ...SMALL, ...room },
    targets: targets(0, 1),
  };
  const store = new Store({ files: createFiles('/'), clock, logger }, folder);
  const engine = new Engine(parts, store, pool(eni(0, uses)), {
    run: async ({ kind }) => {
      actions.push(kind);
    },
    changed: () => undefined,
    policy: () => FREE_POLICY,
  });
  return { clock, engine, actions, pass: (ms: number) => clock.pass(ms, settled) };
}

const DAY_MS = 86_400_000;

describe.each([
  ['back', -DAY_MS],
  ['forward', DAY_MS],
])('the clock is set %s by a day', (_, jumpMs) => {
  test('an address rests for its 30 s, neither shorter nor longer', async () => {
    const { clock, engine, pass } = engineOf('a', { maxPods: 1 });
    engine.release(owner(0));
    await pass(10_000);
    clock.setWall(jumpMs);
    await pass(19_000);
    expect(engine.refusal()).toMatchObject({ code: 'COOLDOWN_WAIT', details: { waitMs: 1_000 } });
    await pass(1_001);
    expect((await engine.allocate([{ owner: owner(1) }], NOBODY))[0]?.owner.containerId).toBe('sandbox1');
  });

  test('a lane that is held back goes on when its time is over', async () => {
    const { clock, engine, actions, pass } = engineOf('a', { maxPods: 3 });
    engine.hold('growth', 5_000, new HostError('EC2_THROTTLED', {}));
    engine.kick();
    clock.setWall(jumpMs);
    await pass(4_999);
    expect(actions).toEqual([]);
    await pass(2);
    expect(actions).toEqual(['assign']);
  });
});

test('a rest that ends while a decision is made is not slept over', async () => {
  const { clock, engine, actions, pass } = engineOf('af', { maxPods: 3 });
  engine.release(owner(0));
  await pass(29_999);
  expect(actions).toEqual([]);
  // From here on each look at the clock takes time, as it does.
  const still = clock.monotonic.bind(clock);
  let looks = 0;
  clock.monotonic = () => still() + 0.999 + 0.002 * looks++;
  engine.kick();
  await pass(0);
  clock.monotonic = still;
  await pass(1_000);
  expect(actions).toEqual(['unassign']);
});

test('a failure is told until its time is over, and no longer when nothing is wanted any more', async () => {
  const { engine, actions, pass } = engineOf('af', { maxPods: 3 });
  engine.hold('growth', 5_000, new HostError('EC2_THROTTLED', {}));
  engine.kick();
  await pass(4_999);
  expect(engine.failure?.error.code).toBe('EC2_THROTTLED');
  await pass(2);
  expect([engine.failure, actions]).toEqual([undefined, []]);
});
