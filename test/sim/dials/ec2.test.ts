import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { formatCidr, parseIpv4Cidr } from '../../../src/addr/index.ts';
import { createSimClock } from '../../../src/sim/clock/index.ts';
import { type Delay, Dials } from '../../../src/sim/dials/index.ts';
import { createRoleCredentials } from '../../../src/sim/imds/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { refusalOf, stage } from '../ec2/support.ts';
import { smallVpc } from '../model/support.ts';

const describeVpcs = (client: ec2.EC2Client): Promise<string> =>
  refusalOf(client.send(new ec2.DescribeVpcsCommand({})));

test('a lost answer: the SDK sees a broken connection, and the work is done', async () => {
  await using s = stage();
  s.dials.set({ action: 'CreateNetworkInterface', lost: true, times: 1 });
  const failure = await s.client
    .send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet, ClientToken: 'once' }))
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(ec2.EC2ServiceException);
  expect(failure).toMatchObject({ code: 'ECONNRESET' });
  expect([s.vpc.enis().length, s.dials.list()]).toEqual([2, []]);
});

test("after a lost answer the SDK's retry with its token finds the work done, not done twice", async () => {
  await using s = stage();
  const client = new ec2.EC2Client({
    region: s.vpc.region,
    endpoint: s.url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 3,
  });
  s.dials.set({ action: 'CreateNetworkInterface', lost: true, times: 1 });
  const { NetworkInterface } = await client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet }));
  expect(s.vpc.enis().map((eni) => eni.id)).toEqual([s.primary, NetworkInterface?.NetworkInterfaceId ?? '']);
  expect(s.vpc.calls().map(({ action, code, result }) => [action, code, result.includes('answer was lost')])).toEqual([
    ['CreateNetworkInterface', 'OK', true],
    ['CreateNetworkInterface', 'OK', false],
  ]);
  client.destroy();
});

test('a bucket throttles every caller of an action once it is empty, until it has filled again', async () => {
  await using s = stage();
  const other = new ec2.EC2Client({
    region: s.vpc.region,
    endpoint: s.url,
    credentials: { accessKeyId: 'AKIDOTHER', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  s.dials.set({ action: 'DescribeVpcs', bucket: { size: 2, perSecond: 1 } });
  const before = [await describeVpcs(s.client), await describeVpcs(other), await describeVpcs(other)];
  await s.clock.advance(1000);
  expect([...before, await describeVpcs(other), await describeVpcs(s.client)]).toEqual([
    ...['none', 'none', 'RequestLimitExceeded 503', 'none', 'RequestLimitExceeded 503'],
  ]);
  other.destroy();
});

test("EC2's documented buckets: the 101st describe, the 51st detach, the 51st listing of all ENIs in a row are refused", async () => {
  await using s = stage();
  s.dials.setBuckets('ec2');
  const detach = (): Promise<string> =>
    refusalOf(s.client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId: 'eni-attach-00000000000000000' })));
  const count = async (times: number, call: () => Promise<string>): Promise<readonly string[]> => {
    const answers: string[] = [];
    for (let n = 0; n < times; n += 1) answers.push(await call());
    return answers;
  };
  const all = (Filters?: ec2.Filter[]): Promise<string> =>
    refusalOf(s.client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters })));
  const describes = await count(101, () => describeVpcs(s.client));
  const detaches = await count(51, detach);
  const unfiltered = await count(51, () => all());
  const filtered = await all([{ Name: 'attachment.instance-id', Values: [s.node] }]);
  expect([describes.slice(-2), detaches.slice(-2), unfiltered.slice(-2), filtered]).toEqual([
    ['none', 'RequestLimitExceeded 503'],
    ['InvalidAttachmentID.NotFound 400', 'RequestLimitExceeded 503'],
    ['none', 'RequestLimitExceeded 503'],
    'none',
  ]);
});

test('a request is disturbed with a probability, the same ones in every run', async () => {
  const run = async (): Promise<readonly string[]> => {
    await using s = stage();
    s.dials.set({ action: 'DescribeVpcs', error: 'InternalError', probability: 0.5 });
    const answers: string[] = [];
    for (let n = 0; n < 12; n += 1) answers.push(await describeVpcs(s.client));
    return answers;
  };
  const first = await run();
  expect(new Set(first)).toEqual(new Set(['none', 'InternalError 500']));
  expect(await run()).toEqual(first);
});

/** What DescribeNetworkInterfaces says of an ENI: its prefixes, or the error. */
async function prefixesOf(client: ec2.EC2Client, id: string): Promise<readonly (string | undefined)[] | string> {
  const command = new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] });
  return client.send(command).then(
    ({ NetworkInterfaces }) => (NetworkInterfaces?.[0]?.Ipv4Prefixes ?? []).map(({ Ipv4Prefix }) => Ipv4Prefix),
    (error: unknown) => (error instanceof ec2.EC2ServiceException ? error.name : 'no answer'),
  );
}

/** Ids of the ENIs of an instance, as DescribeInstances and a filter of DescribeNetworkInterfaces have them. */
async function enisOf(
  client: ec2.EC2Client,
  instanceId: string,
): Promise<readonly (readonly (string | undefined)[])[]> {
  const { Reservations } = await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const { NetworkInterfaces } = await client.send(
    new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [instanceId] }] }),
  );
  const machine = Reservations?.[0]?.Instances?.[0];
  return [machine?.NetworkInterfaces, NetworkInterfaces].map((enis) =>
    (enis ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
  );
}

test('a lag: what was just made is not found, what was just deleted still is', async () => {
  const time = createSimClock(systemClock);
  time.setTicking(false);
  await using s = stage({ vpc: smallVpc(time) });
  time.advance(60_000);
  s.dials.set({ action: '*', lagMs: 3000 });
  const { NetworkInterface } = await s.client.send(
    new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet, Ipv4PrefixCount: 1 }),
  );
  const id = NetworkInterface?.NetworkInterfaceId ?? '';
  const seen = [await prefixesOf(s.client, id)];
  time.advance(3000);
  seen.push(await prefixesOf(s.client, id));
  const first = NetworkInterface?.Ipv4Prefixes?.[0]?.Ipv4Prefix;
  s.vpc.assignPrefixes({ eniId: id, count: 1 });
  seen.push(await prefixesOf(s.client, id));
  await s.client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  seen.push(await prefixesOf(s.client, id));
  time.advance(3000);
  seen.push(await prefixesOf(s.client, id));
  expect(seen).toEqual([
    'InvalidNetworkInterfaceID.NotFound',
    [first],
    [first],
    [first],
    'InvalidNetworkInterfaceID.NotFound',
  ]);
});

test('stale reads: the newest ENI missing by id, by filter and in its instance; a prefix missing', async () => {
  await using s = stage();
  const eni = s.vpc.createEni({ subnetId: s.subnet, prefixCount: 2 });
  s.vpc.completeAttach(s.vpc.beginAttach({ eniId: eni.id, instanceId: s.node, deviceIndex: 1 }).id);
  const [first, second] = eni.prefixes.map(formatCidr);
  const whole = [
    [s.primary, eni.id],
    [s.primary, eni.id],
  ];
  expect(await enisOf(s.client, s.node)).toEqual(whole);
  s.dials.set({ action: 'DescribeNetworkInterfaces', stale: 'missing-eni' });
  s.dials.set({ action: 'DescribeInstances', stale: 'missing-eni', times: 1 });
  expect([await enisOf(s.client, s.node), await prefixesOf(s.client, eni.id)]).toEqual([
    [[s.primary], [s.primary]],
    'InvalidNetworkInterfaceID.NotFound',
  ]);
  s.dials.set({ action: 'DescribeNetworkInterfaces', stale: 'missing-prefix', times: 1 });
  expect([await prefixesOf(s.client, eni.id), await prefixesOf(s.client, eni.id)]).toEqual([[first], [first, second]]);
  expect(await enisOf(s.client, s.node)).toEqual(whole);
});

test('stale reads: a deleted ENI is still listed, attached as it was', async () => {
  await using s = stage();
  const group = s.vpc.createSecurityGroup({ name: 'gone with it' });
  const eni = s.vpc.createEni({ subnetId: s.subnet, securityGroups: [group.id] });
  const { id } = s.vpc.beginAttach({ eniId: eni.id, instanceId: s.node, deviceIndex: 1 });
  s.vpc.completeAttach(id);
  s.vpc.beginDetach({ attachmentId: id });
  s.vpc.completeDetach(id);
  s.vpc.deleteEni(eni.id);
  s.vpc.deleteSecurityGroup(group.id);
  s.dials.set({ action: '*', stale: 'deleted-eni' });
  expect([await enisOf(s.client, s.node), await prefixesOf(s.client, eni.id)]).toEqual([
    [
      [s.primary, eni.id],
      [s.primary, eni.id],
    ],
    [],
  ]);
  s.dials.clear();
  expect(await enisOf(s.client, s.node)).toEqual([[s.primary], [s.primary]]);
});

const answers = [
  { name: 'an error', dial: { error: 'InsufficientCidrBlocks' }, refusal: 'InsufficientCidrBlocks 400' },
  { name: "a failure of EC2's own", dial: { error: 'InternalError' }, refusal: 'InternalError 500' },
  { name: 'a denial', dial: { denied: true }, refusal: 'UnauthorizedOperation 403' },
  { name: 'throttling', dial: { throttled: true }, refusal: 'RequestLimitExceeded 503' },
] as const;
test.each(answers)('$name reaches the SDK as $refusal, and nothing was done', async ({ dial, refusal }) => {
  await using s = stage();
  s.dials.set({ action: 'CreateNetworkInterface', ...dial, times: 1 });
  const create = (): Promise<string> =>
    refusalOf(s.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet })));
  expect([await create(), s.vpc.enis().length, await create(), s.vpc.enis().length]).toEqual([refusal, 1, 'none', 2]);
});

const delays: readonly { delay: Delay; least: number }[] = [
  { delay: { fixedMs: 40 }, least: 40 },
  { delay: { minMs: 20, maxMs: 40 }, least: 20 },
  { delay: { p50Ms: 20, p99Ms: 25 }, least: 10 },
];
test.each(delays)('the SDK waits for an answer that is delayed by $delay', async ({ delay, least }) => {
  const dials = new Dials();
  await using s = stage({ clock: systemClock, dials });
  dials.set({ action: 'DescribeVpcs', delay });
  const { Vpcs, $metadata } = await s.client.send(new ec2.DescribeVpcsCommand({}));
  const [call] = s.vpc.calls();
  // A timer may be up to a millisecond early.
  expect(call?.ms).toBeGreaterThan(least - 2);
  expect([Vpcs?.length, $metadata.requestId]).toEqual([1, call?.requestId]);
});

test('ARNs are those of the partition of the region', async () => {
  const seen: unknown[] = [];
  for (const [region, partition] of [
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eu-west-1', 'aws'],
  ] as const) {
    const subnets = [{ cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: `${region}a` }];
    await using s = stage({ vpc: smallVpc(undefined, { region, subnets }) });
    const { Subnets } = await s.client.send(new ec2.DescribeSubnetsCommand());
    s.dials.set({ action: 'CreateNetworkInterface', denied: true });
    const refused = s.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet }));
    const arns = (await refused.then(String, ({ message }: Error) => message)).match(/arn:[\w-]+/g) ?? [];
    seen.push([Subnets?.[0]?.SubnetArn?.startsWith(`arn:${partition}:ec2:${region}:`), ...arns]);
    expect(seen.at(-1)).toEqual([true, `arn:${partition}`, `arn:${partition}`]);
  }
});

test("a denial is worded as EC2's: who may not do what, on what, and a reason nobody can read", async () => {
  await using s = stage();
  s.dials.set({ action: '*', denied: true });
  const key = createRoleCredentials({ secret: 'any' }).of({ id: s.node }, s.clock.now()).accessKeyId;
  const role = new ec2.EC2Client({
    ...{ region: s.vpc.region, endpoint: s.url, maxAttempts: 1 },
    credentials: { accessKeyId: key, secretAccessKey: 'secret' },
  });
  const sentenceOf = (run: Promise<unknown>): Promise<string> => run.then(String, ({ message }: Error) => message);
  const create = new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet });
  const [denied, encoded = ''] = (await sentenceOf(role.send(create))).split(
    ' Encoded authorization failure message: ',
  );
  role.destroy();
  expect(denied).toBe(
    `You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/node-role/${s.node} is not authorized to perform: ec2:CreateNetworkInterface on resource: arn:aws:ec2:us-east-1:123456789012:network-interface/* because no identity-based policy allows the ec2:CreateNetworkInterface action.`,
  );
  expect(encoded).toMatch(/^[\w-]{700,}$/);
  expect(await sentenceOf(s.client.send(new ec2.DescribeVpcsCommand({ DryRun: true })))).toBe(
    'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/AKIDEXAMPLE is not authorized to perform: ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action',
  );
});
