import { expect, test } from 'bun:test';
import { connectEc2 } from '../../src/aws/index.ts';
import { ec2Access, loadSettings } from '../../src/config/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from './simulated-ec2.ts';

/** A forward proxy on loopback that tells whose requests it passed on. */
class ForwardProxy implements AsyncDisposable {
  readonly passed: string[] = [];
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const caller = /Credential=([^/]+)/.exec(request.headers.get('authorization') ?? '')?.[1];
      this.passed.push(`${caller} ${request.headers.get('proxy-authorization')}`);
      const { method, headers, url } = request;
      const options: object = { proxy: false };
      return await fetch(url, { method, headers, body: await request.arrayBuffer(), ...options });
    },
  });

  get url(): string {
    return `http://me:pass%20word@127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** Asks EC2 for the ENIs with settings from a file, and puts the environment of this process back. */
async function describe(sim: SimulatedEc2, lines: readonly string[]): Promise<number> {
  const before = { ...process.env };
  try {
    const text = [`AWS_ENDPOINT_URL_EC2=${sim.endpoint}`, ...lines].join('\n');
    const { settings } = loadSettings({ files: [{ path: '/f', text }] });
    const access = { ...ec2Access(settings), imdsEndpoint: sim.imds.endpoint };
    const ec2 = connectEc2({ region: sim.vpc.region, ...access });
    return (await ec2.describeEnis({ instanceId: sim.instance.id })).length;
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  }
}

const KEYS = ['AWS_ACCESS_KEY_ID=AKIAOFAFILE', 'AWS_SECRET_ACCESS_KEY=secret'];

test('keys and a proxy from a settings file are used, its password too', async () => {
  await using sim = startSimulatedEc2();
  await using proxy = new ForwardProxy();
  expect(await describe(sim, [...KEYS, `HTTP_PROXY=${proxy.url}`])).toBe(1);
  expect(proxy.passed).toEqual(['AKIAOFAFILE Basic bWU6cGFzcyB3b3Jk']);
  expect(sim.imds.seen.filter(({ path }) => path.includes('security-credentials'))).toEqual([]);
});

test('without keys the role of the instance is asked, past the proxy', async () => {
  await using sim = startSimulatedEc2();
  await using proxy = new ForwardProxy();
  expect(await describe(sim, [`HTTP_PROXY=${proxy.url}`])).toBe(1);
  expect(proxy.passed).toEqual(['ASIASIMULATED Basic bWU6cGFzcyB3b3Jk']);
});

test('NO_PROXY goes past the proxy, and so does a node without one', async () => {
  await using sim = startSimulatedEc2();
  await using proxy = new ForwardProxy();
  expect(await describe(sim, [...KEYS, `HTTP_PROXY=${proxy.url}`, 'NO_PROXY=127.0.0.1'])).toBe(1);
  expect(await describe(sim, KEYS)).toBe(1);
  expect(proxy.passed).toEqual([]);
});

test('credentials that are served, as EKS Pod Identity does', async () => {
  await using sim = startSimulatedEc2();
  await using proxy = new ForwardProxy();
  const asked: (string | null)[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => {
      asked.push(request.headers.get('authorization'));
      return Response.json({
        AccessKeyId: 'ASIASERVED',
        SecretAccessKey: 'secret',
        Token: 'token',
        Expiration: '2099-01-01T00:00:00Z',
      });
    },
  });
  try {
    const lines = [
      `AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:${server.port}/v1/credentials`,
      'AWS_CONTAINER_AUTHORIZATION_TOKEN=letmein',
      `HTTP_PROXY=${proxy.url}`,
    ];
    expect(await describe(sim, lines)).toBe(1);
    expect([asked, proxy.passed]).toEqual([['letmein'], ['ASIASERVED Basic bWU6cGFzcyB3b3Jk']]);
  } finally {
    await server.stop(true);
  }
});

test('a proxy that is not there, or passes nothing on in time, is EC2_UNREACHABLE', async () => {
  await using sim = startSimulatedEc2();
  await using proxy = new ForwardProxy();
  const codeOf = (lines: readonly string[]): Promise<unknown> =>
    describe(sim, lines).catch((error: unknown) => (error instanceof HostError ? error.code : error));
  expect(await codeOf([...KEYS, 'HTTP_PROXY=http://127.0.0.1:9'])).toBe('EC2_UNREACHABLE');
  sim.losing.add('DescribeNetworkInterfaces');
  expect(await codeOf([...KEYS, `HTTP_PROXY=${proxy.url}`, 'HTTP_TIMEOUT=1'])).toBe('EC2_UNREACHABLE');
});
