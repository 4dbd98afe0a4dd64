import { expect, test } from 'bun:test';
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

test('the tree of a node with two attached ENIs and one still attaching', async () => {
  await using s = stage();
  const subnet = subnetId(s.vpc);
  const group = s.vpc.securityGroups()[0]?.id;
  const second = s.vpc.createEni({ subnetId: subnet, secondaryCount: 2 });
  const third = s.vpc.createEni({ subnetId: subnet });
  s.vpc.completeAttach(s.vpc.beginAttach({ eniId: second.id, instanceId: s.node, deviceIndex: 1 }).id);
  const late = s.vpc.beginAttach({ eniId: third.id, instanceId: s.node, deviceIndex: 2 });
  const primary = s.vpc.enisOf(s.node)[0];
  const macs = (enis: readonly { mac?: string | undefined }[]): string =>
    enis
      .map((eni) => `${eni.mac}/`)
      .sort()
      .join('\n');
  const mac = `${META}network/interfaces/macs/${second.mac}`;
  const rows: readonly [string, string][] = [
    ['/', '1.0\n2016-09-02\n2018-09-24\n2021-03-23\nlatest'],
    ['/latest/', 'dynamic\nmeta-data'],
    ['/latest', 'dynamic\nmeta-data'],
    ['/latest/dynamic/', 'instance-identity/'],
    ['/latest/user-data', '404'],
    [`${META}instance-id`, s.node],
    [`/2021-03-23/meta-data/instance-id`, s.node],
    [`${META}instance-type`, 't3.small'],
    [`${META}mac`, primary?.mac ?? ''],
    [`${META}local-ipv4`, '10.0.1.4'],
    [`${META}local-hostname`, 'ip-10-0-1-4.ec2.internal'],
    [`${META}placement/`, 'availability-zone\nregion'],
    [`${META}placement/availability-zone`, 'us-east-1a'],
    [`${META}placement/region`, 'us-east-1'],
    [`${META}network/`, 'interfaces/'],
    [`${META}network/interfaces/macs/`, macs([primary ?? {}, second])],
    [
      `${mac}/`,
      [
        ...['device-number', 'interface-id', 'local-hostname', 'local-ipv4s', 'mac', 'owner-id'],
        ...['security-group-ids', 'security-groups', 'subnet-id', 'subnet-ipv4-cidr-block'],
        ...['vpc-id', 'vpc-ipv4-cidr-block', 'vpc-ipv4-cidr-blocks'],
      ].join('\n'),
    ],
    [`${mac}/device-number`, '1'],
    [`${mac}/interface-id`, second.id],
    [`${mac}/local-ipv4s`, '10.0.1.5\n10.0.1.6\n10.0.1.7'],
    [`${mac}/mac`, second.mac],
    [`${mac}/owner-id`, '123456789012'],
    [`${mac}/security-group-ids`, group ?? ''],
    [`${mac}/subnet-id`, subnet],
    [`${mac}/subnet-ipv4-cidr-block`, '10.0.1.0/24'],
    [`${mac}/vpc-id`, s.vpc.id],
    [`${mac}/vpc-ipv4-cidr-block`, '10.0.0.0/16'],
    [`${mac}/vpc-ipv4-cidr-blocks`, '10.0.0.0/16'],
    [`${mac}/network-card`, '404'],
    [`${mac}/ipv4-prefix`, '404'],
    [`${META}network/interfaces/macs/${third.mac}/`, '404'],
    [`${META}instance-id/`, '404'],
    [`${META}instance-id/more`, '404'],
    [`${META}constructor`, '404'],
    [`${META}public-ipv4`, '404'],
    ['/nonsense', '404'],
  ];
  const got: [string, string][] = [];
  for (const [path] of rows) got.push([path, await s.read(path)]);
  expect(got).toEqual([...rows]);
  s.vpc.completeAttach(late.id);
  expect(await s.read(`${META}network/interfaces/macs/`)).toBe(macs([primary ?? {}, second, third]));
});

test('the network card is named when it is not the first', async () => {
  const vpc = smallVpc();
  const instanceId = vpc.runInstance({ name: 'big', instanceType: 'p4d.24xlarge', subnetId: subnetId(vpc) }).id;
  await using s = stage({ vpc, instanceId });
  const eni = vpc.createEni({ subnetId: subnetId(vpc) });
  vpc.completeAttach(vpc.beginAttach({ eniId: eni.id, instanceId, deviceIndex: 1, networkCardIndex: 3 }).id);
  expect(await s.read(`${META}network/interfaces/macs/${eni.mac}/network-card`)).toBe('3');
});

test('identity document, role and user data', async () => {
  await using s = stage({ userData: (instance) => `#!/bin/sh\n# ${instance.name}\n` });
  expect(JSON.parse(await s.read('/latest/dynamic/instance-identity/document'))).toMatchObject({
    accountId: '123456789012',
    availabilityZone: 'us-east-1a',
    instanceId: s.node,
    instanceType: 't3.small',
    privateIp: '10.0.1.4',
    region: 'us-east-1',
  });
  expect(await s.read('/latest/user-data')).toBe('#!/bin/sh\n# node-a\n');
  expect(await s.read(`${META}iam/security-credentials/`)).toBe('node-role');
  expect(JSON.parse(await s.read(`${META}iam/info`))).toMatchObject({
    InstanceProfileArn: 'arn:aws:iam::123456789012:instance-profile/node-role',
  });
  const credentials = `${META}iam/security-credentials/node-role`;
  const before = await s.read(credentials);
  expect(JSON.parse(before)).toMatchObject({
    Code: 'Success',
    AccessKeyId: s.node.replace('i-0', 'ASIA').toUpperCase(),
    LastUpdated: '2023-11-14T22:00:00Z',
    Expiration: '2023-11-15T04:00:00Z',
  });
  expect(await s.read(credentials)).toBe(before);
  await s.clock.advance(3_600_000);
  expect(await s.read(credentials)).not.toBe(before);
  expect(await s.read(`${META}iam/security-credentials/other`)).toBe('404');
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
