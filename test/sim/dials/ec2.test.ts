import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { refusalOf, stage } from '../ec2/support.ts';

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
  expect(s.vpc.calls().map(({ action, code }) => `${action} ${code}`)).toEqual([
    'CreateNetworkInterface OK',
    'CreateNetworkInterface OK',
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

test("EC2's documented buckets: the 101st describe and the 51st detach in a row are refused", async () => {
  await using s = stage();
  s.dials.setBuckets('ec2');
  const detach = (): Promise<string> =>
    refusalOf(s.client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId: 'eni-attach-00000000000000000' })));
  const count = async (times: number, call: () => Promise<string>): Promise<readonly string[]> => {
    const answers: string[] = [];
    for (let n = 0; n < times; n += 1) answers.push(await call());
    return answers;
  };
  const describes = await count(101, () => describeVpcs(s.client));
  const detaches = await count(51, detach);
  expect([describes.slice(-2), detaches.slice(-2)]).toEqual([
    ['none', 'RequestLimitExceeded 503'],
    ['InvalidAttachmentID.NotFound 400', 'RequestLimitExceeded 503'],
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
