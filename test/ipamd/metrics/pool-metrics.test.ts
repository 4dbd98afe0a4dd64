import { describe, expect, test } from 'bun:test';
import { HostError } from '../../../src/errors/index.ts';
import { createCounts } from '../../../src/ipamd/metrics/counts.ts';
import { registerEc2Metrics } from '../../../src/ipamd/metrics/ec2-metrics.ts';
import { type PoolSource, registerPoolMetrics } from '../../../src/ipamd/metrics/pool-metrics.ts';
import { checkPool, Pool, type PoolLimits } from '../../../src/pool/index.ts';
import { add, facts, owner, prefix, single, TARGETS } from '../../pool/model/sample.ts';

const LIMITS: PoolLimits = { cards: [{ card: 0, maxEnis: 15 }], slotsPerEni: 49, maxPods: 737 };

function scraped(pool: Pool, change: Partial<PoolSource> = {}) {
  const counts = createCounts();
  const told = registerEc2Metrics(counts.registry);
  registerPoolMetrics(counts.registry, () => ({
    view: pool,
    limits: LIMITS,
    mode: 'secondary',
    waiting: 0,
    violations: checkPool(pool),
    marks: 'nftables',
    readyMs: 250,
    ...change,
  }));
  const lines = async (): Promise<readonly string[]> =>
    (await counts.registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const figure = async (series: string): Promise<number | undefined> => {
    const line = (await lines()).find((each) => each.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.split(' ')[1]);
  };
  return { counts, told, lines, figure };
}

/** Pods on full ENIs. */
function withPods(pods: number, change: { readonly mode: 'secondary' | 'prefix' }): Pool {
  const pool = new Pool();
  const perEni = change.mode === 'prefix' ? 49 * 16 : 49;
  const node = { limits: LIMITS, targets: { ...TARGETS, mode: change.mode } };
  const cidr = change.mode === 'prefix' ? prefix : single;
  for (let device = 0; device * perEni < pods; device += 1) {
    const eni = facts(device);
    pool.putEni(eni);
    pool.addCidrs(
      eni.id,
      Array.from({ length: 49 }, (_, index) => cidr(device * 49 + index)),
    );
  }
  for (let pod = 0; pod < pods; pod += 1) expect(add(pool, owner(pod), node)).toBe(true);
  return pool;
}

const ACTIONS = [
  'AssignPrivateIpAddresses',
  'AttachNetworkInterface',
  'CreateNetworkInterface',
  'CreateTags',
  'DeleteNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DetachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
  'UnassignPrivateIpAddresses',
] as const;

describe('metrics', () => {
  for (const mode of ['secondary', 'prefix'] as const)
    test(`a busy node with 500 pods in ${mode} mode has at most 300 series`, async () => {
      const { counts, told, lines, figure } = scraped(withPods(500, { mode }), { mode });
      for (const action of ACTIONS) told({ action, code: undefined, ms: 120 });
      for (const code of ['EC2_THROTTLED', 'SUBNET_NO_IPS', 'IAM_DENIED'] as const) {
        told({ action: 'AssignPrivateIpAddresses', code, ms: 80 });
        counts.count('ADD', code, { ms: 10_000 });
        counts.waits(code);
        counts.failed('assign', new HostError(code, {}));
      }
      for (const command of ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC']) counts.count(command, 'ok', { ms: 4 });
      let now = 0;
      const ended = counts.timeStart({ monotonic: () => now });
      for (const phase of ['metadata', 'pool', 'network', 'serving'] as const) {
        now += 40;
        ended(phase);
      }
      expect(await figure('vpccni_boot_phase_seconds{phase="serving"}')).toBe(0.04);
      expect(await figure('awscni_assigned_ip_addresses')).toBe(500);
      expect((await lines()).length).toBeLessThanOrEqual(300);
    });

  test('prefixes beyond 64 share a series, and their sum is right', async () => {
    const { lines } = scraped(withPods(1200, { mode: 'prefix' }), { mode: 'prefix' });
    const perCidr = (await lines()).filter((line) => line.startsWith('awscni_assigned_ip_per_cidr{'));
    expect(perCidr).toHaveLength(65);
    expect(perCidr.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)).toBe(1200);
  });

  test('figures are sums over all cards, and follow the pool from scrape to scrape', async () => {
    const pool = new Pool();
    const limits = {
      ...LIMITS,
      cards: [
        { card: 0, maxEnis: 3 },
        { card: 1, maxEnis: 2 },
      ],
    };
    for (const card of [0, 1]) {
      const eni = facts(1, { card });
      pool.putEni(eni);
      pool.addCidrs(eni.id, [single(10 * card + 1), single(10 * card + 2)]);
    }
    const { figure } = scraped(pool, { limits });
    expect(await figure('awscni_total_ip_addresses')).toBe(4);
    expect(await figure('awscni_eni_allocated')).toBe(2);
    expect(await figure('awscni_eni_max')).toBe(5);
    expect(await figure('awscni_ip_max')).toBe(5 * 49);
    const choice = pool.choose({ owner: owner(1), since: 1n, kinds: ['address'], cards: [1] });
    if (choice?.kind === 'new') pool.apply(choice.event);
    expect(await figure('awscni_assigned_ip_addresses')).toBe(1);
    expect(await figure('awscni_assigned_ip_per_eni{eni="eni-1-1"}')).toBe(1);
    for (const event of pool.release(owner(1), 1_000)) pool.apply(event);
    expect(await figure('vpccni_cooldown_ip_addresses')).toBe(1);
    expect(await figure('vpccni_free_ip_addresses')).toBe(3);
  });

  test('an ENI that is gone has no series any more; the address of its pod is an orphan', async () => {
    const pool = withPods(1, { mode: 'secondary' });
    const { figure } = scraped(pool);
    expect(await figure('awscni_assigned_ip_per_eni{eni="eni-0-0"}')).toBe(1);
    pool.removeEni('eni-0-0');
    expect(await figure('awscni_assigned_ip_per_eni{eni="eni-0-0"}')).toBeUndefined();
    expect(await figure('vpccni_orphan_ip_addresses')).toBe(1);
  });

  test('what must never be has a series each, 0 as long as it is not', async () => {
    const pool = withPods(2, { mode: 'secondary' });
    const violations = [{ code: 'cidr-twice', object: '10.0.0.1/32', found: 'eni-0-0 and eni-0-1' }] as const;
    expect(await scraped(pool).figure('vpccni_invariant_violations{code="cidr-twice"}')).toBe(0);
    expect(await scraped(pool, { violations }).figure('vpccni_invariant_violations{code="cidr-twice"}')).toBe(1);
  });

  test('devices that others have are none this node may hold', async () => {
    const pool = new Pool();
    pool.setForeign([{ card: 0, device: 3, eniId: 'eni-t', why: 'trunk' }]);
    expect(await scraped(pool).figure('awscni_eni_max')).toBe(14);
  });

  test('EC2 requests are counted with their time and their failures', async () => {
    const { told, figure } = scraped(new Pool());
    told({ action: 'AttachNetworkInterface', code: undefined, ms: 2_000 });
    told({ action: 'AttachNetworkInterface', code: 'EC2_THROTTLED', ms: 50 });
    expect(await figure('awscni_ec2api_req_count{fn="AttachNetworkInterface"}')).toBe(2);
    expect(await figure('awscni_ec2api_error_count{fn="AttachNetworkInterface"}')).toBe(1);
    expect(await figure('awscni_aws_api_error_count{api="AttachNetworkInterface",error="EC2_THROTTLED"}')).toBe(1);
    expect(await figure('awscni_aws_api_latency_ms_sum{api="AttachNetworkInterface",error="false",status="200"}')).toBe(
      2_000,
    );
    expect(await figure('vpccni_ec2_request_seconds_bucket{le="3",action="AttachNetworkInterface",result="ok"}')).toBe(
      1,
    );
  });

  test('what a client says of a DEL is one of few words', async () => {
    const { counts, lines } = scraped(new Pool());
    for (const reason of ['SetupNSFailed', 'a', 'b', '']) counts.count('DEL', 'ok', { reason });
    const series = (await lines()).filter((line) => line.startsWith('awscni_del_ip_req_count'));
    expect(series.sort()).toEqual([
      'awscni_del_ip_req_count{reason="PodDeleted"} 1',
      'awscni_del_ip_req_count{reason="SetupNSFailed"} 1',
      'awscni_del_ip_req_count{reason="other"} 2',
    ]);
  });

  test('an ADD that got no address is told from one that failed for another reason', async () => {
    const { counts, figure } = scraped(new Pool());
    for (const code of ['ok', 'POOL_GROWING', 'NETNS_MISSING']) counts.count('ADD', code, { ms: 20 });
    expect(await figure('awscni_add_ip_req_count')).toBe(3);
    expect(await figure('awscni_no_available_ip_addresses')).toBe(1);
    expect(await figure('vpccni_add_seconds_count{outcome="failed"}')).toBe(2);
  });
});
