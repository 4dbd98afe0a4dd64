import { expect, test } from 'bun:test';
import { createImds, readUserData } from '../../src/aws/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { systemClock } from '../../src/sys/index.ts';
import { type SeenRequest, startImdsService } from './imds-service.ts';

const MAC = '/latest/meta-data/mac';
const MACS = '/latest/meta-data/network/interfaces/macs/';
const TOKEN = '/latest/api/token';
const tree = { [MAC]: '02:00:00:00:00:01', [MACS]: '02:00:00:00:00:01/\n02:00:00:00:00:02/\n' };

const lines = (seen: readonly SeenRequest[]): readonly string[] =>
  seen.map(({ method, path, token }) => `${method} ${path} ${token ?? '-'}`);

async function failureOf(attempt: Promise<unknown>): Promise<HostError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('get() asks for a token once and sends it with every read', async () => {
  await using service = startImdsService({ tree });
  const imds = createImds({ endpoint: `${service.endpoint}/` });
  expect(await imds.get(MAC)).toBe('02:00:00:00:00:01');
  expect(await imds.get('/latest/meta-data/ipv6')).toBeUndefined();
  expect(await imds.list(MACS)).toEqual(['02:00:00:00:00:01', '02:00:00:00:00:02']);
  expect(await imds.list('/latest/meta-data/none/')).toEqual([]);
  expect(lines(service.seen)).toEqual([
    `PUT ${TOKEN} -`,
    `GET ${MAC} token-1`,
    'GET /latest/meta-data/ipv6 token-1',
    `GET ${MACS} token-1`,
    'GET /latest/meta-data/none/ token-1',
  ]);
});

test('parallel reads share one token request', async () => {
  await using service = startImdsService({ tree });
  const imds = createImds({ endpoint: service.endpoint });
  await Promise.all(Array.from({ length: 20 }, () => imds.get(MAC)));
  expect(service.seen.filter((request) => request.method === 'PUT')).toHaveLength(1);
});

test('reads refused together cause one renewal and all succeed', async () => {
  await using service = startImdsService({ tree });
  const imds = createImds({ endpoint: service.endpoint });
  await imds.get(MAC);
  service.forgetTokens();
  const answers = await Promise.all(Array.from({ length: 8 }, () => imds.get(MAC)));
  expect(answers).toEqual(Array(8).fill('02:00:00:00:00:01'));
  expect(service.seen.filter((request) => request.method === 'PUT')).toHaveLength(2);
});

test('a token is renewed before it ends', async () => {
  await using service = startImdsService({ tree, ttlSeconds: 100 });
  let now = 0;
  const imds = createImds({ endpoint: service.endpoint, clock: { ...systemClock, monotonic: () => now } });
  for (const at of [0, 89_000, 91_000]) {
    now = at;
    await imds.get(MAC);
  }
  expect(lines(service.seen)).toEqual([
    `PUT ${TOKEN} -`,
    `GET ${MAC} token-1`,
    `GET ${MAC} token-1`,
    `PUT ${TOKEN} -`,
    `GET ${MAC} token-2`,
  ]);
});

test('a service that stumbles is asked again', async () => {
  await using service = startImdsService({ tree });
  service.fail(TOKEN, 503, 1);
  service.fail(MAC, 429, 2);
  expect(await createImds({ endpoint: service.endpoint }).get(MAC)).toBe('02:00:00:00:00:01');
});

const refusals = [
  { name: 'a read forbidden', path: MAC, status: 403, found: 'HTTP 403' },
  { name: 'a redirect', path: MAC, status: 302, found: 'HTTP 302' },
  { name: 'a read refused with a fresh token too', path: MAC, status: 401, found: 'HTTP 401' },
  { name: 'errors until the deadline', path: MAC, status: 500, found: 'HTTP 500' },
  {
    name: 'the service switched off: version 1 is not tried',
    path: TOKEN,
    status: 403,
    found: 'HTTP 403, not a token',
  },
];
for (const row of refusals) {
  test(`get() reports ${row.name}`, async () => {
    await using service = startImdsService({ tree });
    service.fail(row.path, row.status, Number.POSITIVE_INFINITY);
    const failure = await failureOf(createImds({ endpoint: service.endpoint, timeoutMs: 200 }).get(MAC));
    expect(failure.toJSON()).toMatchObject({
      code: 'IMDS_BAD_ANSWER',
      details: { path: row.path, found: row.found },
    });
    expect(service.seen.filter((request) => request.method === 'GET' && request.token === null)).toEqual([]);
  });
}

test('a page in place of a token is no answer of a metadata service', async () => {
  using portal = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('<html>\n Log in </html>') });
  const failure = await failureOf(createImds({ endpoint: `http://127.0.0.1:${portal.port}`, timeoutMs: 200 }).get(MAC));
  expect([failure.code, failure.details]).toEqual(['IMDS_BAD_ANSWER', { path: TOKEN, found: 'HTTP 200, not a token' }]);
});

test('a silent service is IMDS_UNREACHABLE with the path', async () => {
  await using service = startImdsService({ tree, silent: [MAC] });
  const failure = await failureOf(createImds({ endpoint: service.endpoint, timeoutMs: 100 }).get(MAC));
  expect([failure.code, failure.details['endpoint'], failure.details['path']]).toEqual([
    'IMDS_UNREACHABLE',
    service.endpoint,
    MAC,
  ]);
});

test('nobody listening is IMDS_UNREACHABLE', async () => {
  const service = startImdsService({ tree });
  await service[Symbol.asyncDispose]();
  const failure = await failureOf(createImds({ endpoint: service.endpoint, timeoutMs: 100 }).get(MAC));
  expect([failure.code, failure.details['reason']]).toEqual([
    'IMDS_UNREACHABLE',
    'nobody listens there (ECONNREFUSED)',
  ]);
});

test('a proxy of the environment is not asked', async () => {
  await using service = startImdsService({ tree });
  const script = `
    import { createImds } from ${JSON.stringify(new URL('../../src/aws/index.ts', import.meta.url).pathname)};
    process.stdout.write(await createImds({ endpoint: ${JSON.stringify(service.endpoint)} }).get(${JSON.stringify(MAC)}));`;
  const proxy = 'http://127.0.0.1:1';
  const child = Bun.spawn([process.execPath, '-e', script], {
    env: { ...process.env, http_proxy: proxy, HTTP_PROXY: proxy, no_proxy: '', NO_PROXY: '' },
    stderr: 'inherit',
  });
  expect(await new Response(child.stdout).text()).toBe('02:00:00:00:00:01');
});

test('user data comes as the bytes it was given as; without any it is empty', async () => {
  const packed = Buffer.from([0x1f, 0x8b, 0x00, 0xff, 0xfe, 0x0d, 0x0a]);
  await using service = startImdsService({ tree: { '/latest/user-data': packed } });
  expect(Buffer.from(await readUserData(createImds({ endpoint: service.endpoint })))).toEqual(packed);
  await using bare = startImdsService({ tree: {} });
  expect(await readUserData(createImds({ endpoint: bare.endpoint }))).toHaveLength(0);
});
