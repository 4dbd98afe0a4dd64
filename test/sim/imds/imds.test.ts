import { expect, test } from 'bun:test';
import { parseIpv4Cidr } from '../../../src/addr/index.ts';
import { createImdsHandler } from '../../../src/sim/imds/index.ts';
import { smallVpc, subnetId } from '../model/support.ts';
import { stage } from './support.ts';

const META = '/latest/meta-data/';

const ttls = [
  { ttl: '1', status: 200 },
  { ttl: '21600', status: 200 },
  { ttl: '0', status: 400 },
  { ttl: '21601', status: 400 },
  { ttl: '-5', status: 400 },
  { ttl: 'an hour', status: 400 },
  { ttl: undefined, status: 400 },
];
for (const { ttl, status } of ttls) {
  test(`a token for ${ttl} seconds: ${status}`, async () => {
    await using s = stage();
    const headers = ttl === undefined ? {} : { 'x-aws-ec2-metadata-token-ttl-seconds': ttl };
    const response = await fetch(`${s.imds}/latest/api/token`, { method: 'PUT', headers });
    const echoed = response.headers.get('x-aws-ec2-metadata-token-ttl-seconds');
    expect([response.status, echoed]).toEqual([status, status === 200 ? (ttl ?? '') : null]);
  });
}

test('a read needs a token that is known and has not expired', async () => {
  await using s = stage();
  const read = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${s.imds}${META}instance-id`, { headers })).status;
  const token = { 'x-aws-ec2-metadata-token': await s.token('60') };
  expect(await read({})).toBe(401);
  expect(await read({ 'x-aws-ec2-metadata-token': 'made-up' })).toBe(401);
  expect(await read(token)).toBe(200);
  await s.clock.advance(59_999);
  expect(await read(token)).toBe(200);
  await s.clock.advance(1);
  expect(await read(token)).toBe(401);
});

test('a proxy gets no token and only reads are answered', async () => {
  await using s = stage();
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60', 'x-forwarded-for': '10.0.0.9' };
  expect((await fetch(`${s.imds}/latest/api/token`, { method: 'PUT', headers })).status).toBe(403);
  expect((await fetch(`${s.imds}${META}`, { method: 'POST' })).status).toBe(405);
});

test('the caller is known by any address of its ENIs, and a token belongs to one instance', async () => {
  const vpc = smallVpc();
  const a = vpc.runInstance({ name: 'a', instanceType: 't3.small', subnetId: subnetId(vpc), secondaryCount: 1 });
  const b = vpc.runInstance({ name: 'b', instanceType: 't3.small', subnetId: subnetId(vpc) });
  const imds = createImdsHandler({ vpc });
  const url = 'http://169.254.169.254/latest/';
  const token = async (from: string): Promise<string> => {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
    return (await imds(new Request(`${url}api/token`, { method: 'PUT', headers }), from)).text();
  };
  const idFor = async (from: string, withToken: string): Promise<string> => {
    const headers = { 'x-aws-ec2-metadata-token': withToken };
    const response = await imds(new Request(`${url}meta-data/instance-id`, { headers }), from);
    return response.ok ? response.text() : String(response.status);
  };
  const [tokenA, tokenB] = [await token('10.0.1.4'), await token('::ffff:10.0.1.6')];
  expect([
    await idFor('10.0.1.4', tokenA),
    await idFor('10.0.1.5', tokenA),
    await idFor('::ffff:10.0.1.6', tokenB),
    await idFor('10.0.1.6', tokenA),
    await idFor('10.0.1.99', tokenA),
    await idFor('127.0.0.1', tokenA),
  ]).toEqual([a.id, a.id, b.id, '401', '404', '404']);
});

test('dials make it fail or fall silent for a while, and reads are on record', async () => {
  await using s = stage();
  s.dials.set({ action: 'IMDS', error: '503', times: 1 });
  expect(await s.token()).toBe('503');
  s.dials.set({ action: 'IMDS', delay: { fixedMs: 2000 }, times: 1 });
  const slow = s.token();
  while (s.dials.list().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await s.clock.advance(2000);
  expect((await slow).length).toBe(56);
  s.dials.set({ action: '*', error: 'InternalError' });
  expect(await s.read(`${META}instance-id`)).toBe(s.node);
  expect(s.vpc.calls().map((call) => `${call.caller} ${call.action} ${call.code}`)).toEqual([
    '127.0.0.1 PUT /latest/api/token 503',
    '127.0.0.1 PUT /latest/api/token OK',
    '127.0.0.1 PUT /latest/api/token OK',
    '127.0.0.1 GET /latest/meta-data/instance-id OK',
  ]);
});

test('a token works as it was issued, not changed by a single character, and each is another', async () => {
  await using s = stage();
  const [token, other] = [await s.token(), await s.token()];
  const read = async (given: string): Promise<number> => {
    const headers = { 'x-aws-ec2-metadata-token': given };
    return (await fetch(`${s.imds}${META}instance-id`, { headers })).status;
  };
  const changed = [...token].map((sign, at) => {
    const another = sign === 'A' ? 'B' : 'A';
    return token.slice(0, at) + another + token.slice(at + 1);
  });
  expect(token).not.toBe(other);
  expect([await read(token), await read(other)]).toEqual([200, 200]);
  for (const wrong of [...changed, token.slice(1), `${token}=`, '', 'x'.repeat(10_000)])
    expect(await read(wrong)).toBe(401);
});

test('a refusal is a page, which nobody can take for a value', async () => {
  await using s = stage();
  const response = await fetch(`${s.imds}${META}public-ipv4`, {
    headers: { 'x-aws-ec2-metadata-token': await s.token() },
  });
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    404,
    'text/html',
    '<html><head><title>404 - Not Found</title></head><body><h1>404 - Not Found</h1></body></html>\n',
  ]);
});

test('instances without a role have no credentials', async () => {
  await using s = stage({ role: false });
  expect([await s.read(`${META}iam/`), (await s.read(META)).split('\n').includes('iam/')]).toEqual(['404', false]);
});

test('the colons of a MAC may come escaped, and the record of calls holds no path of any length', async () => {
  await using s = stage();
  const mac = s.vpc.enisOf(s.node)[0]?.mac ?? '';
  const macs = `${META}network/interfaces/macs/`;
  for (const spelt of [mac.replaceAll(':', '%3a'), mac.replaceAll(':', '%3A')])
    expect(await s.read(`${macs}${spelt}/mac`)).toBe(mac);
  await s.read(`${META}${'x'.repeat(5000)}`);
  expect(s.vpc.calls().at(-1)?.action.length).toBe(300);
});

test('services and ARNs are those of the partition of the region', async () => {
  const seen: unknown[] = [];
  for (const region of ['cn-north-1', 'us-gov-west-1', 'eu-west-1']) {
    const subnets = [{ cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: `${region}a` }];
    await using s = stage({ vpc: smallVpc(undefined, { region, subnets }) });
    const { InstanceProfileArn } = JSON.parse(await s.read(`${META}iam/info`));
    seen.push([await s.read(`${META}services/domain`), await s.read(`${META}services/partition`), InstanceProfileArn]);
  }
  const profile = 'iam::123456789012:instance-profile/node-role';
  expect(seen).toEqual([
    ['amazonaws.com.cn', 'aws-cn', `arn:aws-cn:${profile}`],
    ['amazonaws.com', 'aws-us-gov', `arn:aws-us-gov:${profile}`],
    ['amazonaws.com', 'aws', `arn:aws:${profile}`],
  ]);
});
