import { afterAll, describe, expect, test } from 'bun:test';
import {
  CloudWatchClient,
  ListMetricsCommand,
  PutMetricDataCommand,
  type PutMetricDataInput,
} from '@aws-sdk/client-cloudwatch';
import { createCloudWatchHandler } from '../../../src/sim/cloudwatch/index.ts';
import { Dials } from '../../../src/sim/dials/index.ts';
import { smallVpc } from '../model/support.ts';

const vpc = smallVpc();
const dials = new Dials();
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: createCloudWatchHandler({
    ...{ vpc, dials },
    credentials: (id) => (id === 'AKIDEXAMPLE' ? { secretAccessKey: 'secret' } : undefined),
  }),
});
const clientWith = (secretAccessKey: string, accessKeyId = 'AKIDEXAMPLE') =>
  new CloudWatchClient({
    ...{ region: vpc.region, endpoint: `http://127.0.0.1:${server.port}`, maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey },
  });
const client = clientWith('secret');
afterAll(() => server.stop(true));

const put = (input: PutMetricDataInput, by = client): Promise<string> =>
  by.send(new PutMetricDataCommand(input)).then(
    () => 'OK',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
const one = (change: object = {}): PutMetricDataInput => ({
  Namespace: 'Kubernetes',
  MetricData: [
    {
      MetricName: 'eniAllocated',
      Value: 2,
      Unit: 'Count',
      Dimensions: [{ Name: 'CLUSTER_ID', Value: 'c' }],
      ...change,
    },
  ],
});

describe('CloudWatch', () => {
  test('keeps what the real SDK sends', async () => {
    const at = new Date(Math.floor(Date.now() / 1000) * 1000);
    expect(await put(one({ Timestamp: at }))).toBe('OK');
    const [call] = vpc.calls().slice(-1);
    expect([call?.action, call?.caller, call?.code, call?.parameters]).toEqual([
      'PutMetricData',
      'AKIDEXAMPLE',
      'OK',
      {
        Namespace: 'Kubernetes',
        'MetricData.member.1.MetricName': 'eniAllocated',
        'MetricData.member.1.Value': '2',
        'MetricData.member.1.Unit': 'Count',
        'MetricData.member.1.Timestamp': at.toISOString(),
        'MetricData.member.1.Dimensions.member.1.Name': 'CLUSTER_ID',
        'MetricData.member.1.Dimensions.member.1.Value': 'c',
      },
    ]);
  });

  test('takes a thousand figures, which come packed', async () => {
    const datum = { MetricName: 'm', Value: 1, Dimensions: [{ Name: 'CLUSTER_ID', Value: 'x'.repeat(40) }] };
    expect(await put({ Namespace: 'Kubernetes', MetricData: Array.from({ length: 1000 }, () => datum) })).toBe('OK');
    expect(vpc.calls().at(-1)?.parameters['MetricData.member.1000.Value']).toBe('1');
  });

  const day = 24 * 3600 * 1000;
  const refused: readonly (readonly [string, PutMetricDataInput, string])[] = [
    ['no figure', { Namespace: 'Kubernetes', MetricData: [] }, 'MissingRequiredParameter'],
    ['a namespace of AWS', { ...one(), Namespace: 'AWS/EC2' }, 'InvalidParameterValue'],
    ['a value that is none', one({ Value: Number.NaN }), 'InvalidParameterValue'],
    ['an unknown unit', one({ Unit: 'Pods' }), 'InvalidParameterValue'],
    ['a time three weeks ago', one({ Timestamp: new Date(Date.now() - 21 * day) }), 'InvalidParameterValue'],
    ['a time tomorrow', one({ Timestamp: new Date(Date.now() + day) }), 'InvalidParameterValue'],
    ['a dimension without a value', one({ Dimensions: [{ Name: 'CLUSTER_ID', Value: '' }] }), 'InvalidParameterValue'],
  ];
  for (const [name, input, code] of refused)
    test(`refuses ${name}`, async () => {
      expect(await put(input)).toStartWith(code);
    });

  test('refuses a wrong secret, an unknown key and an action it does not have', async () => {
    expect(await put(one(), clientWith('wrong'))).toStartWith('InvalidClientTokenId');
    expect(await put(one(), clientWith('secret', 'AKIDOTHER'))).toStartWith('InvalidClientTokenId');
    expect(await client.send(new ListMetricsCommand({})).catch((error: Error) => error.name)).toBe(
      'UnknownOperationException',
    );
  });

  test('obeys dials in its own words', async () => {
    for (const [dial, code] of [
      [{ throttled: true }, 'Throttling'],
      [{ denied: true }, 'AccessDenied'],
      [{ error: 'InternalFailure' }, 'InternalFailure'],
    ] as const) {
      dials.set({ action: 'PutMetricData', times: 1, ...dial });
      expect([await put(one()), await put(one())]).toEqual([expect.stringMatching(new RegExp(`^${code}`)), 'OK']);
    }
  });
});
