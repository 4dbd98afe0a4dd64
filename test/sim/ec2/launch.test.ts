import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { createImdsHandler } from '../../../src/sim/imds/index.ts';
import type { SimInstance } from '../../../src/sim/model/index.ts';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

const IMAGE = 'ami-0123456789abcdef0';

function run(stage: StoryStage, input: Partial<ec2.RunInstancesCommandInput>) {
  const base = { ImageId: IMAGE, InstanceType: 'm5.large' as const, MinCount: 1, MaxCount: 1 };
  return stage.client.send(new ec2.RunInstancesCommand({ ...base, ...input }));
}

const statesOf = ({ vpc }: StoryStage): string =>
  vpc
    .instances()
    .map(({ state }) => state)
    .join();

test('RunInstances answers pending, and the instance runs when its time has come', async () => {
  await using stage = storyStage();
  const UserData = Buffer.from('#!/bin/sh\n').toString('base64');
  const answer = await run(stage, { SubnetId: stage.subnet, UserData, PrivateIpAddress: '10.0.1.77' });
  const [instance] = answer.Instances ?? [];
  expect([instance?.State, instance?.PrivateIpAddress]).toEqual([{ Code: 0, Name: 'pending' }, '10.0.1.77']);
  expect(instance?.NetworkInterfaces?.[0]?.Attachment?.Status).toBe('attaching');
  expect(statesOf(stage)).toBe('running,pending');
  await stage.clock.advance(2000);
  expect(statesOf(stage)).toBe('running,running');
  const made = stage.vpc.instances().at(-1);
  expect(Buffer.from(made?.userData ?? []).toString()).toBe('#!/bin/sh\n');
  expect(made?.metadata).toEqual({ hopLimit: 1, tokensOptional: false, instanceTags: false });
  expect(made?.imageId).toBe(IMAGE);
});

test('RunInstances launches as many as asked for, in one reservation', async () => {
  await using stage = storyStage();
  const answer = await run(stage, { SubnetId: stage.subnet, MaxCount: 3 });
  expect(answer.Instances?.map(({ AmiLaunchIndex }) => AmiLaunchIndex ?? -1)).toEqual([0, 1, 2]);
  const InstanceIds = (answer.Instances ?? []).map(({ InstanceId = '' }) => InstanceId);
  const { Reservations } = await stage.client.send(new ec2.DescribeInstancesCommand({ InstanceIds }));
  expect(Reservations?.map((one) => [one.ReservationId, one.Instances?.length])).toEqual([[answer.ReservationId, 3]]);
});

test('the metadata service of each instance names the reservation that EC2 does, and its place in it', async () => {
  await using stage = storyStage();
  const { ReservationId, Instances = [] } = await run(stage, { SubnetId: stage.subnet, MaxCount: 2 });
  await stage.clock.advance(2000);
  const imds = createImdsHandler({ vpc: stage.vpc, clock: stage.clock });
  const seen: unknown[] = [];
  for (const { PrivateIpAddress = '' } of Instances) {
    const ask = async (path: string, init: RequestInit): Promise<string> =>
      await (await imds(new Request(`http://169.254.169.254/latest/${path}`, init), PrivateIpAddress)).text();
    const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
    const headers = { 'x-aws-ec2-metadata-token': await ask('api/token', { method: 'PUT', headers: ttl }) };
    seen.push([
      await ask('meta-data/reservation-id', { headers }),
      await ask('meta-data/ami-launch-index', { headers }),
    ]);
  }
  expect(seen).toEqual([
    [ReservationId, '0'],
    [ReservationId, '1'],
  ]);
});

test('RunInstances launches what fits when that is enough, and nothing when it is not', async () => {
  await using stage = storyStage();
  stage.vpc.exhaustSubnet(stage.subnet, 2);
  const before = stage.vpc.enis();
  const tooMany = run(stage, { SubnetId: stage.subnet, MinCount: 3, MaxCount: 4 });
  expect(await refusalOf(tooMany)).toBe('InsufficientFreeAddressesInSubnet 400');
  expect([statesOf(stage), stage.vpc.enis()]).toEqual(['running', before]);
  const { Instances } = await run(stage, { SubnetId: stage.subnet, MinCount: 1, MaxCount: 4 });
  expect(Instances).toHaveLength(2);
});

test('RunInstances makes and attaches the ENIs it is told, tags them, and leaves existing ones at the end', async () => {
  await using stage = storyStage();
  const { Instances } = await run(stage, {
    InstanceType: 'p4d.24xlarge',
    NetworkInterfaces: [
      { DeviceIndex: 0, SubnetId: stage.subnet, Ipv4PrefixCount: 1, Ipv6PrefixCount: 1, Description: 'first' },
      { DeviceIndex: 1, NetworkInterfaceId: stage.spare },
      { DeviceIndex: 1, NetworkCardIndex: 1, SubnetId: stage.subnet, InterfaceType: 'efa-only' },
      {
        DeviceIndex: 2,
        SubnetId: stage.subnet,
        DeleteOnTermination: false,
        Groups: [stage.vpc.defaultGroupId],
        PrivateIpAddresses: [{ PrivateIpAddress: '10.0.1.90', Primary: true }, { PrivateIpAddress: '10.0.1.91' }],
      },
    ],
    TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'for', Value: 'pods' }] }],
  });
  const id = Instances?.[0]?.InstanceId ?? '';
  const view = stage.vpc.enisOf(id).map((eni) => ({
    place: `${eni.attachment?.networkCardIndex}/${eni.attachment?.deviceIndex}`,
    type: eni.interfaceType,
    ends: eni.attachment?.deleteOnTermination,
    holds: [eni.addresses.length, eni.prefixes.length, eni.ipv6Addresses.length, eni.ipv6Prefixes.length].join(),
    tagged: eni.tags['for'] ?? '-',
  }));
  expect(view).toEqual([
    { place: '0/0', type: 'interface', ends: true, holds: '1,1,0,1', tagged: 'pods' },
    { place: '0/1', type: 'interface', ends: false, holds: '1,0,0,0', tagged: '-' },
    { place: '0/2', type: 'interface', ends: false, holds: '2,0,0,0', tagged: 'pods' },
    { place: '1/1', type: 'efa-only', ends: true, holds: '0,0,0,0', tagged: 'pods' },
  ]);
  await stage.clock.advance(2000);
  const enis = stage.vpc.enisOf(id);
  const { TerminatingInstances } = await stage.client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  expect(TerminatingInstances).toEqual([
    {
      InstanceId: id,
      CurrentState: { Code: 32, Name: 'shutting-down' },
      PreviousState: { Code: 16, Name: 'running' },
    },
  ]);
  await stage.clock.advance(2000);
  const left = enis.map((eni) => stage.vpc.findEni(eni.id)).map((eni) => eni && (eni.attachment ?? 'available'));
  expect(left).toEqual([undefined, 'available', 'available', undefined]);
  const { Reservations } = await stage.client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }));
  const gone = Reservations?.[0]?.Instances?.[0];
  expect([gone?.State?.Name, gone?.SubnetId, gone?.NetworkInterfaces]).toEqual(['terminated', undefined, []]);
});

const refusals: readonly (readonly [name: string, input: Partial<ec2.RunInstancesCommandInput>, code: string])[] = [
  [
    'specifications beside a subnet',
    { SubnetId: 'SUBNET', NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: 'SUBNET' }] },
    'InvalidParameterCombination',
  ],
  [
    'a device twice',
    { NetworkInterfaces: [0, 0].map((DeviceIndex) => ({ DeviceIndex, SubnetId: 'SUBNET' })) },
    'InvalidParameterValue',
  ],
  ['no device 0', { NetworkInterfaces: [{ DeviceIndex: 1, SubnetId: 'SUBNET' }] }, 'InvalidParameterCombination'],
  ['no device at all', { NetworkInterfaces: [{ SubnetId: 'SUBNET' }] }, 'MissingParameter'],
  [
    'an existing ENI with a subnet',
    { NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: 'SPARE', SubnetId: 'SUBNET' }] },
    'InvalidParameterCombination',
  ],
  [
    'an existing ENI for two instances',
    { MaxCount: 2, NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: 'SPARE' }] },
    'InvalidParameterCombination',
  ],
  [
    'an address for two instances',
    { MaxCount: 2, SubnetId: 'SUBNET', PrivateIpAddress: '10.0.1.9' },
    'InvalidParameterCombination',
  ],
  [
    'more ENIs than the type holds',
    { NetworkInterfaces: [0, 1, 2, 3].map((DeviceIndex) => ({ DeviceIndex, SubnetId: 'SUBNET' })) },
    'AttachmentLimitExceeded',
  ],
  [
    'metadata by IPv6',
    { SubnetId: 'SUBNET', MetadataOptions: { HttpProtocolIpv6: 'enabled' } },
    'UnsupportedOperation',
  ],
  ['too many hops', { SubnetId: 'SUBNET', MetadataOptions: { HttpPutResponseHopLimit: 65 } }, 'InvalidParameterValue'],
  [
    'tags for a volume',
    { SubnetId: 'SUBNET', TagSpecifications: [{ ResourceType: 'volume', Tags: [] }] },
    'InvalidParameterValue',
  ],
  ['more instances than one request takes', { SubnetId: 'SUBNET', MaxCount: 1001 }, 'InstanceLimitExceeded'],
];

for (const [name, input, code] of refusals) {
  test(`RunInstances refuses ${name} with ${code}, and launches nothing`, async () => {
    await using stage = storyStage();
    const before = stage.vpc.enis();
    const text = JSON.stringify(input).replaceAll('SUBNET', stage.subnet).replaceAll('SPARE', stage.spare);
    expect(await refusalOf(run(stage, JSON.parse(text)))).toBe(`${code} 400`);
    expect([stage.vpc.enis(), statesOf(stage)]).toEqual([before, 'running']);
  });
}

test('the same client token launches once; other parameters under it, and a terminated instance, are refused', async () => {
  await using stage = storyStage();
  const once = { SubnetId: stage.subnet, ClientToken: 'once', MaxCount: 2 };
  const [first, again] = [await run(stage, once), await run(stage, once)];
  expect(again.Instances?.map(({ InstanceId }) => InstanceId)).toEqual(
    first.Instances?.map(({ InstanceId }) => InstanceId),
  );
  expect(again.ReservationId).toBe(first.ReservationId);
  expect(stage.vpc.instances()).toHaveLength(3);
  expect(await refusalOf(run(stage, { ...once, MaxCount: 1 }))).toBe('IdempotentParameterMismatch 400');
  stage.vpc.terminateInstance(first.Instances?.[0]?.InstanceId ?? '');
  expect(await refusalOf(run(stage, once))).toBe('IdempotentInstanceTerminated 400');
});

test('hooks of the server launch and terminate instead of time', async () => {
  const told: string[] = [];
  const hooks = {
    launch: async ({ id, state }: SimInstance) => void told.push(`launch ${state} ${id}`),
    terminate: async ({ id, state }: SimInstance) => void told.push(`terminate ${state} ${id}`),
  };
  await using stage = storyStage(hooks);
  const { Instances } = await run(stage, { SubnetId: stage.subnet });
  const id = Instances?.[0]?.InstanceId ?? '';
  await stage.clock.advance(60_000);
  expect(statesOf(stage)).toBe('running,pending');
  stage.vpc.completeLaunch(id);
  await stage.client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  // Asked again, nobody is told again.
  await stage.client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  await stage.clock.advance(60_000);
  expect(statesOf(stage)).toBe('running,shutting-down');
  expect(told).toEqual([`launch pending ${id}`, `terminate shutting-down ${id}`]);
});

test('RebootInstances wants all of them running', async () => {
  await using stage = storyStage();
  const rebooted: string[] = [];
  stage.vpc.observe((event) => void (event.kind === 'instance-rebooted' && rebooted.push(event.instance.id)));
  const { Instances } = await run(stage, { SubnetId: stage.subnet });
  const InstanceIds = [stage.node, Instances?.[0]?.InstanceId ?? ''];
  const reboot = new ec2.RebootInstancesCommand({ InstanceIds });
  expect(await refusalOf(stage.client.send(reboot))).toBe('IncorrectInstanceState 400');
  expect(rebooted).toEqual([]);
  await stage.clock.advance(2000);
  await stage.client.send(reboot);
  expect(rebooted).toEqual(InstanceIds);
});

test('a terminated instance is still described when its subnet is gone', async () => {
  await using stage = storyStage();
  const { Subnet } = await stage.client.send(
    new ec2.CreateSubnetCommand({ VpcId: stage.vpc.id, CidrBlock: '10.0.9.0/24' }),
  );
  const { Instances } = await run(stage, { SubnetId: Subnet?.SubnetId });
  const id = Instances?.[0]?.InstanceId ?? '';
  stage.vpc.terminateInstance(id);
  await stage.client.send(new ec2.DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId }));
  const Filters = [{ Name: 'instance-state-name', Values: ['terminated'] }];
  const { Reservations } = await stage.client.send(new ec2.DescribeInstancesCommand({ Filters }));
  expect(Reservations?.[0]?.Instances?.map(({ InstanceId }) => InstanceId ?? '')).toEqual([id]);
});

test('an instance shows its tags in its metadata only when every key makes a path', async () => {
  await using stage = storyStage();
  const { node, client } = stage;
  const tag = (Key: string) =>
    refusalOf(client.send(new ec2.CreateTagsCommand({ Resources: [node], Tags: [{ Key, Value: '' }] })));
  const show = (InstanceMetadataTags: 'enabled' | 'disabled') =>
    refusalOf(client.send(new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId: node, InstanceMetadataTags })));
  const MetadataOptions = { InstanceMetadataTags: 'enabled' } as const;
  const launch = (Key: string) => {
    const TagSpecifications = [{ ResourceType: 'instance' as const, Tags: [{ Key, Value: '' }] }];
    return refusalOf(run(stage, { SubnetId: stage.subnet, MetadataOptions, TagSpecifications }));
  };
  const wrong = 'InvalidParameterValue 400';
  expect([await tag('kubernetes.io/role'), await show('enabled')]).toEqual(['none', wrong]);
  stage.vpc.deleteTags({ resourceIds: [node], tags: [{ key: 'kubernetes.io/role' }] });
  expect([await show('enabled'), await tag('Patch Group'), await tag('_index'), await tag('a:b')]).toEqual([
    ...['none', wrong, wrong, 'none'],
  ]);
  expect([await launch('a/b'), await launch('a-b')]).toEqual([wrong, 'none']);
});

test('empty user data is none', async () => {
  await using stage = storyStage();
  await run(stage, { SubnetId: stage.subnet, UserData: '' });
  expect(stage.vpc.instances().at(-1)?.userData).toBeUndefined();
});
