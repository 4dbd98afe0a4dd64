import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import type { SimCall } from '../../src/sim/index.ts';
import { freshVpc, until } from '../support/e2e.ts';

setDefaultTimeout(240_000);

const PERIOD_MS = 2_000;
const vpc = freshVpc('cw');
const node = vpc.node('node-a');

/** The figures of one request by their names. */
function figuresIn({ parameters }: SimCall): ReadonlyMap<string, { readonly value: number; readonly at: string }> {
  const names = Object.entries(parameters).filter(([key]) => key.endsWith('.MetricName'));
  return new Map(
    names.map(([key, name]) => {
      const at = key.replace(/\.MetricName$/, '');
      return [name, { value: Number(parameters[`${at}.Value`]), at: parameters[`${at}.Timestamp`] ?? '' }];
    }),
  );
}
const published = (code = 'OK'): Promise<readonly SimCall[]> =>
  vpc.json<readonly SimCall[]>('calls', '--action', 'PutMetricData', '--code', code);
/** The figures of the first request that holds what is asked for. */
const untilFigures = (what: string, isIt: (figures: ReturnType<typeof figuresIn>) => boolean) =>
  until(what, async () => (await published()).map(figuresIn).find(isIt), { withinMs: 30_000 });
const sum = async (name: string): Promise<number> =>
  (await published()).reduce(
    (total, { parameters }) =>
      total +
      Object.entries(parameters)
        .filter(([key, value]) => key.endsWith('.MetricName') && value === name)
        .reduce((each, [key]) => each + Number(parameters[key.replace('MetricName', 'Value')]), 0),
    0,
  );

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '100');
  await node.configure(
    [
      'USE_CLOUDWATCH=true',
      'METRIC_UPDATE_INTERVAL=1',
      'AWS_CLUSTER_ID=blue',
      'AWS_ENDPOINT_URL_CLOUDWATCH=http://192.0.2.10',
    ].join('\n'),
  );
  await node.install();
});
afterAll(async () => {
  await vpc.down();
});

test('a node publishes the figures of upstream, once a period, with the cluster as its dimension', async () => {
  await vpc.json('pod', 'add', 'node-a', 'p1', 'p2', 'p3', 'p4');
  const figures = await untilFigures('four pods', (each) => each.get('assignIPAddresses')?.value === 4);
  const { pool, enis } = JSON.parse((await node.cli('status', '--json')).stdout).daemon;
  expect([figures.get('totalIPAddresses')?.value, figures.get('eniAllocated')?.value]).toEqual([
    pool.total,
    enis.length,
  ]);
  expect([figures.get('eniMaxAvailable')?.value, figures.get('maxIPAddresses')?.value]).toEqual([3, 9]);
  const parameters = (await published())[0]?.parameters ?? {};
  expect([parameters['Namespace'], parameters['MetricData.member.1.Dimensions.member.1.Name']]).toEqual([
    'Kubernetes',
    'CLUSTER_ID',
  ]);
  expect(parameters['MetricData.member.1.Dimensions.member.1.Value']).toBe('blue');
  const times = (await published()).map((call) => figuresIn(call).get('eniAllocated')?.at ?? '');
  expect(new Set(times).size).toBe(times.length);
  expect(times.filter((at) => Date.parse(at) % PERIOD_MS !== 0)).toEqual([]);
});

test('counters add up, although CloudWatch fails in between', async () => {
  await vpc.json('pod', 'del', 'node-a', 'p1', 'p2');
  await vpc.json('dial', 'PutMetricData', '--throttle', '--times', '2');
  await vpc.json('pod', 'add', 'node-a', 'p5');
  await until('a refusal', async () => ((await published('Throttling')).length >= 1 ? true : undefined));
  await until('all is told', async () => {
    const [adds, dels] = [await sum('addReqCount'), await sum('delReqCount')];
    return adds === 5 && dels === 2 ? true : undefined;
  });
  expect([await sum('addReqCount'), await sum('delReqCount')]).toEqual([5, 2]);
});

test('a missing right is a condition with its remedy, and gone with the cause', async () => {
  await vpc.json('dial', 'PutMetricData', '--deny');
  const codes = async (): Promise<readonly string[]> =>
    JSON.parse((await node.cli('status', '--json')).stdout).daemon.conditions.map(({ code }: { code: string }) => code);
  await until('the condition', async () => ((await codes()).includes('CLOUDWATCH_FAILED') ? true : undefined));
  const shown = (await node.cli('status')).stdout;
  expect(shown).toContain('AccessDenied');
  expect(shown).toContain('cloudwatch:PutMetricData');
  await vpc.json('dial', 'PutMetricData', '--clear');
  await until('its end', async () => ((await codes()).includes('CLOUDWATCH_FAILED') ? undefined : true), {
    withinMs: 60_000,
  });
});
