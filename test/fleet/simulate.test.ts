import { describe, expect, test } from 'bun:test';
import { Account } from '../../src/fleet/account.ts';
import { chanceOf } from '../../src/fleet/chance.ts';
import { type FleetScenario, runFleet, shortcomings, summarize, USUAL_WORLD } from '../../src/fleet/index.ts';
import { Tally } from '../../src/fleet/tally.ts';
import { VirtualTime } from '../../src/fleet/virtual-time.ts';
import { checkPool } from '../../src/pool/index.ts';
import { each, fleet, limits, settingsOf, subnet } from './sample.ts';

const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '8', MINIMUM_IP_TARGET: '16' };

async function run(change: Partial<FleetScenario> = {}) {
  const scenario = fleet(change);
  const ran = await runFleet(scenario, () => undefined);
  return { ...ran, summary: summarize(scenario, ran) };
}

/** Requests that EC2 granted, by action. */
const granted = (calls: readonly { readonly action: string; readonly granted: number }[]) =>
  Object.fromEntries(calls.filter((each) => each.granted > 0).map(({ action, granted: count }) => [action, count]));

test('an account grants what its bucket holds, then so many a second, whoever asks', async () => {
  const time = new VirtualTime();
  const sky = { time, chance: chanceOf(1), world: { ...USUAL_WORLD, callMs: 0 }, tally: new Tally() };
  const account = new Account(sky);
  const grantedBy: number[] = [];
  for (let second = 0; second < 30; second++)
    for (let n = 0; n < 40; n++)
      time.after(second * 1_000, () => {
        account.ask('AttachNetworkInterface', () => grantedBy.push(time.monotonic())).catch(() => undefined);
      });
  await time.pass(() => true);
  for (const second of [0, 1, 10, 29])
    expect(grantedBy.filter((at) => at <= second * 1_000).length).toBe(Math.min((second + 1) * 40, 50 + second * 5));
});

describe('a simulated node asks EC2 for exactly what the daemon asks (test/e2e/call-counts.test.ts)', () => {
  const start = { DescribeNetworkInterfaces: 1, DescribeSubnets: 1 };
  const eni = { CreateNetworkInterface: 1, AttachNetworkInterface: 1, ModifyNetworkInterfaceAttribute: 1 };
  const t3 = { nodes: 1, limits: limits('t3.small') };
  const rows: readonly { readonly name: string; readonly change: Partial<FleetScenario>; readonly calls: object }[] = [
    {
      name: 'a start on a node with nothing',
      change: { ...t3, settings: settingsOf({ WARM_IP_TARGET: '2' }), stages: [{ atMs: 0, pods: each(0) }] },
      calls: { ...start, AssignPrivateIpAddresses: 1 },
    },
    {
      name: 'more addresses, then a new ENI',
      change: {
        ...{ ...t3, settings: settingsOf({ WARM_IP_TARGET: '2' }) },
        stages: [
          { atMs: 0, pods: each(1) },
          { atMs: 60_000, pods: each(2) },
        ],
      },
      calls: { ...start, AssignPrivateIpAddresses: 2, ...eni },
    },
    {
      name: 'addresses of the launch',
      change: {
        ...{ ...t3, settings: settingsOf({ MINIMUM_IP_TARGET: '2', WARM_IP_TARGET: '1' }) },
        ...{ stages: [{ atMs: 0, pods: each(1) }], launch: { addresses: 2, prefixes: 0 } },
      },
      calls: start,
    },
    {
      name: 'metadata only',
      change: {
        ...{ ...t3, settings: settingsOf({ ENABLE_IMDS_ONLY_MODE: 'true' }), launch: { addresses: 3, prefixes: 0 } },
      },
      calls: {},
    },
  ];
  for (const { name, change, calls } of rows)
    test(name, async () => expect(granted((await run(change)).summary.calls)).toEqual({ ...calls }));

  test('an ENI nobody needs any more: one detaches, then the deletion until EC2 has detached', async () => {
    const stages = [8, 0].map((pods, index) => ({ atMs: index * 60_000, pods: each(pods) }));
    const settings = settingsOf({ WARM_IP_TARGET: '1' });
    const { summary, cloud, nodes } = await run({ ...t3, settings, stages });
    const { DetachNetworkInterface, DeleteNetworkInterface } = granted(summary.calls);
    expect([DetachNetworkInterface, DeleteNetworkInterface, summary.enis]).toEqual([2, 2, 1]);
    expect([nodes[0]?.pool.enis.size, cloud.views[0]?.free]).toEqual([1, 2 ** 24 - 5 - 2]);
  });
});

describe('1000 nodes at once', () => {
  test('an ENI for each takes the 190 s EC2’s buckets allow it in, and not much more', async () => {
    const { summary } = await run({ nodes: 1_000 });
    // 50 at once, then 5 a second: (1000 − 50) / 5.
    const attach = summary.calls.find(({ action }) => action === 'AttachNetworkInterface');
    expect(attach).toMatchObject({ granted: 1_000, floorSeconds: 190 });
    expect(summary.targets.last).toBeGreaterThanOrEqual(190);
    expect(summary.targets.last).toBeLessThan(190 * 1.4);
    expect(shortcomings(summary)).toEqual([]);
  });

  test('prefixes from the launch on leave one describing call of each: no floor but its 45 s', async () => {
    const { summary } = await run({
      ...{ nodes: 1_000, settings: settingsOf(PREFIXES), launch: { addresses: 0, prefixes: 1 } },
    });
    const changing = summary.calls.filter(({ action }) => !action.startsWith('Describe'));
    expect([changing, summary.floor]).toEqual([[], { action: 'DescribeNetworkInterfaces', seconds: 45 }]);
    expect(summary.targets.last).toBeLessThan(80);
  });

  test('where the metadata alone is asked there is no floor at all', async () => {
    const settings = settingsOf({ ...PREFIXES, ENABLE_IMDS_ONLY_MODE: 'true' });
    const { summary } = await run({ nodes: 1_000, settings, launch: { addresses: 0, prefixes: 1 } });
    expect([summary.calls, summary.floor, summary.ready.count]).toEqual([[], null, 1_000]);
    expect(summary.targets.last).toBeLessThan(1);
  });
});

describe('a run', () => {
  test('is the same for the same seed, and another for another one', async () => {
    const [first, again, other] = [
      await run({ nodes: 200 }),
      await run({ nodes: 200 }),
      await run({ nodes: 200, seed: 2 }),
    ];
    expect(again.summary).toEqual(first.summary);
    expect(other.summary.ready).not.toEqual(first.summary.ready);
  });

  test('leaves no address behind: what the subnets lack is what the nodes hold', async () => {
    const stages = [
      { atMs: 0, pods: each(2) },
      { atMs: 300_000, pods: each(20) },
      { atMs: 600_000, pods: each(1) },
    ];
    const settings = settingsOf({ WARM_IP_TARGET: '3' });
    const { nodes, cloud, summary } = await run({ nodes: 120, settings, stages, subnets: [subnet('10.0.0.0/20')] });
    const held = nodes
      .flatMap(({ pool }) => [...pool.enis.values()])
      .reduce((sum, { cidrs }) => sum + 1 + cidrs.size, 0);
    const [view] = cloud.views;
    expect([held, (view?.usable ?? 0) - (view?.free ?? 0), summary.addresses.end]).toEqual([held, held, held]);
    expect(held).toBe(120 * 5);
    expect(nodes.flatMap(({ pool }) => checkPool(pool))).toEqual([]);
    expect(summary.calls.some(({ throttled }) => throttled > 0)).toBe(true);
  });

  test('tells of pods that ended without an address, of those that wait, and of nodes that had no room', async () => {
    const subnets = [subnet('10.0.0.0/26')];
    const settings = settingsOf({ WARM_IP_TARGET: '1' });
    const crowded = { nodes: 6, settings, subnets, limits: limits('m5.large') };
    const waiting = await run({ ...crowded, stages: [{ atMs: 0, pods: each(20) }] });
    expect(shortcomings(waiting.summary)).toContainEqual(
      expect.stringMatching(/^pods that still wait for an address: \d+$/),
    );
    const held = waiting.nodes.flatMap(({ pool }) => [...pool.enis.values()]);
    expect([waiting.cloud.views[0]?.free, held.reduce((sum, { cidrs }) => sum + 1 + cidrs.size, 0)]).toEqual([0, 59]);
    const stages = [20, 1].map((pods, index) => ({ atMs: index * 120_000, pods: each(pods) }));
    const ended = await run({ ...crowded, stages });
    expect(shortcomings(ended.summary)).toEqual([
      expect.stringMatching(/^pods that ended without ever having had an address: \d+$/),
    ]);
    const fixed = settingsOf({ DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' });
    const launched = await run({ nodes: 80, subnets, settings: fixed });
    expect(launched.summary.short).toMatchObject({ unlaunched: 80 - 59, unready: 80 });
  });

  test('launches its nodes over a time, waits for metadata that is silent, and for the link of an ENI', async () => {
    const quick = { ...USUAL_WORLD, callMs: 10, attachMs: 100 };
    const over = await run({ nodes: 100, world: { ...quick, overMs: 100_000 } });
    const half = over.summary.samples.findLast(({ seconds }) => seconds <= 50)?.ready ?? 0;
    expect([half > 45 && half < 55, (over.summary.ready.last ?? 99) < 1]).toEqual([true, true]);
    const silent = await run({ world: { ...quick, imdsLagMs: 5_000 } });
    expect(silent.summary.ready.p50).toBeGreaterThan(5);
    const slow = await run({ world: { ...quick, attachMs: 60_000 } });
    expect([(slow.summary.ready.last ?? 99) < 1, (slow.summary.targets.p50 ?? 0) > 30]).toEqual([true, true]);
  });

  test('ends at its horizon, and says what is not done by then', async () => {
    const { summary } = await run({ nodes: 1_000, horizonMs: 30_000 });
    expect(summary.virtualSeconds).toBeLessThanOrEqual(30);
    expect(summary.short.unready).toBeGreaterThan(500);
    expect([summary.ready.last, summary.ready.p50]).toEqual([null, null]);
  });

  test('single addresses stand in for prefixes in a subnet without a whole /28, where that is allowed', async () => {
    const broken = { nodes: 2, subnets: [subnet('10.0.0.0/24', 14, true)], stages: [{ atMs: 0, pods: each(20) }] };
    const settings = { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '1' };
    const without = await run({ ...broken, settings: settingsOf(settings) });
    const standing = await run({ ...broken, settings: settingsOf({ ...settings, ENABLE_PREFIX_FALLBACK: 'true' }) });
    expect([without.summary.addresses.pods, standing.summary.addresses.pods]).toEqual([16, 40]);
  });
});
