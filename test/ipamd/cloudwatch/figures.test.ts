import { describe, expect, test } from 'bun:test';
import { Registry } from 'prom-client';
import { figuresAt, PUBLISHED, quantile99, totalsOf } from '../../../src/ipamd/cloudwatch/figures.ts';
import { createCounts } from '../../../src/ipamd/metrics/counts.ts';
import { registerEc2Metrics } from '../../../src/ipamd/metrics/ec2-metrics.ts';

const valueIn = (figures: ReturnType<typeof figuresAt>, name: string): number | undefined =>
  figures.find((figure) => figure.name === name)?.value;

describe('figuresAt()', () => {
  test('gauges are as they are, counters as they grew', () => {
    const before = new Map([
      ['awscni_total_ip_addresses', 3],
      ['awscni_add_ip_req_count', 10],
    ]);
    const now = new Map([
      ['awscni_total_ip_addresses', 2],
      ['awscni_add_ip_req_count', 14],
      ['awscni_del_ip_req_count', 1],
    ]);
    const figures = figuresAt(60_000, { now, before, latenciesMs: [] });
    expect([
      valueIn(figures, 'totalIPAddresses'),
      valueIn(figures, 'addReqCount'),
      valueIn(figures, 'delReqCount'),
    ]).toEqual([2, 4, 1]);
    expect(figures.every(({ atMs }) => atMs === 60_000)).toBe(true);
  });

  test('the time of EC2 requests is published while there are any', () => {
    const latency = (latenciesMs: readonly number[]) =>
      figuresAt(0, { now: new Map(), before: new Map(), latenciesMs }).find(({ name }) => name === 'awsAPILatency');
    expect(latency([])).toBeUndefined();
    expect(latency([20, 1503.4])).toEqual({ name: 'awsAPILatency', value: 1503, unit: 'Milliseconds', atMs: 0 });
  });

  test('quantile99() is the largest of few, and leaves one of a hundred out', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([quantile99([]), quantile99([5, 9, 7]), quantile99(hundred)]).toEqual([undefined, 9, 99]);
  });
});

test('totalsOf() sums over labels, and every published metric but those of the pool is in the registry', async () => {
  const counts = createCounts();
  const told = registerEc2Metrics(counts.registry);
  for (const code of [undefined, 'EC2_THROTTLED', 'IAM_DENIED'] as const)
    told({ action: 'CreateNetworkInterface', code, ms: 5 });
  counts.count('ADD', 'ok');
  counts.count('ADD', 'POD_ENI_UNKNOWN');
  counts.count('DEL', 'ok', { reason: 'SetupNSFailed' });
  counts.count('DEL', 'ok');
  const samples = await counts.registry.getMetricsAsJSON();
  const totals = totalsOf(samples);
  const read = ['awscni_ec2api_req_count', 'awscni_aws_api_error_count', 'awscni_add_ip_req_count'];
  expect([...read, 'awscni_del_ip_req_count', 'awscni_pod_eni_error_count'].map((name) => totals.get(name))).toEqual([
    ...[3, 2, 2, 2, 1],
  ]);
  const ofPool = PUBLISHED.filter(({ kind }) => kind === 'gauge').map(({ of }) => of);
  const missing = PUBLISHED.map(({ of }) => of).filter((of) => !samples.some(({ name }) => name === of));
  expect(missing.filter((of) => !ofPool.includes(of))).toEqual([]);
  expect(totalsOf(await new Registry().getMetricsAsJSON()).get('awscni_eni_max')).toBe(0);
});
