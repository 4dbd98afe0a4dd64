import { describe, expect, test } from 'bun:test';
import { Counter, Registry } from 'prom-client';
import { createImds } from '../../../src/aws/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import { clusterOf, Publisher } from '../../../src/ipamd/cloudwatch/publisher.ts';
import { createLogger } from '../../../src/log/index.ts';
import { createCloudWatchHandler } from '../../../src/sim/cloudwatch/index.ts';
import { Dials } from '../../../src/sim/dials/index.ts';
import { createFiles, systemExec } from '../../../src/sys/index.ts';
import { stage } from '../../sim/imds/support.ts';
import { smallVpc } from '../../sim/model/support.ts';
import { until } from '../../support/e2e.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const settingsOf = (env: Readonly<Record<string, string>>) => loadSettings({ env }).settings;

describe('clusterOf()', () => {
  const named = async (tags: Readonly<Record<string, string>>, instanceTags = true): Promise<string> => {
    await using s = stage({ launch: { tags, metadata: { instanceTags } } });
    return await clusterOf(settingsOf({}), createImds({ endpoint: s.imds }));
  };

  test('is what the settings say, and nobody is asked', async () => {
    const nobody = { get: () => Promise.reject(new Error('asked')) };
    const own = { AWS_CLUSTER_ID: 'own', CLUSTER_NAME: 'name' };
    expect(await clusterOf(settingsOf(own), nobody)).toBe('own');
    expect(await clusterOf(settingsOf({ CLUSTER_NAME: 'name' }), nobody)).toBe('name');
  });

  test("is the instance's first tag of the three, where its metadata tells tags", async () => {
    expect(await named({ 'eks:cluster-name': 'blue', CLUSTER_ID: 'green', Name: 'n' })).toBe('blue');
    expect(await named({ CLUSTER_ID: 'green', Name: 'n' })).toBe('green');
    expect(await named({ Name: 'n' })).toBe('n');
    expect(await named({ 'eks:cluster-name': 'blue' }, false)).toBe('k8s-cluster');
  });

  test('is not guessed while the metadata does not answer', async () => {
    const silent = createImds({ endpoint: 'http://127.0.0.1:9', timeoutMs: 100 });
    await expect(clusterOf(settingsOf({}), silent)).rejects.toThrow('did not answer');
  });
});

test('figures that CloudWatch will never take do not hold the next ones up; others are kept', async () => {
  const clock = new ManualClock();
  const vpc = smallVpc(clock);
  const dials = new Dials();
  const cloudwatch = createCloudWatchHandler({ vpc, dials, clock });
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: cloudwatch });
  const stop = new AbortController();
  const before = { ...process.env };
  try {
    const registry = new Registry();
    new Counter({ name: 'awscni_add_ip_req_count', help: 'x', registers: [registry] });
    const settings = settingsOf({
      ...{
        AWS_CLUSTER_ID: 'c',
        METRIC_UPDATE_INTERVAL: '1',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 's',
      },
      AWS_ENDPOINT_URL_CLOUDWATCH: `http://127.0.0.1:${server.port}`,
    });
    const logger = createLogger({ level: 'error', program: 'test' });
    const edges = { clock, settings, logger, signal: stop.signal, exec: systemExec, files: createFiles('/') };
    const publisher = new Publisher({ ...edges, socket: Object(undefined) }, registry);
    publisher.start({ identity: Object({ region: vpc.region }), imds: createImds() });
    const answers = (): readonly string[] => vpc.calls().map(({ code }) => code);
    const figures = (): readonly number[] =>
      vpc
        .calls()
        .filter(({ code }) => code === 'OK')
        .map(({ parameters }) => Object.values(parameters).filter((value) => value === 'addReqCount').length);
    /** Lets time pass until so many requests were answered; answers take real time. */
    const untilAnswered = (count: number): Promise<true> =>
      until('an answer', async () => {
        if (answers().length >= count) return true;
        await clock.pass(500, () => Bun.sleep(2));
        return undefined;
      });
    dials.set({ action: 'PutMetricData', error: 'InvalidParameterValue', times: 1 });
    await untilAnswered(1);
    await until('the condition', () => publisher.failure);
    await untilAnswered(2);
    // The first period's are gone with the refusal.
    expect([answers(), figures()]).toEqual([['InvalidParameterValue', 'OK'], [1]]);
    await until('the end of the condition', () => (publisher.failure === undefined ? true : undefined));
    dials.set({ action: 'PutMetricData', error: 'InternalFailure', times: 1 });
    await untilAnswered(3);
    await until('the condition', () => publisher.failure);
    await untilAnswered(4);
    expect([answers().slice(2), figures().at(-1)]).toEqual([['InternalFailure', 'OK'], 2]);
  } finally {
    stop.abort();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    await server.stop(true);
  }
});
