import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

const assign4 = (stage: StoryStage, input: Partial<ec2.AssignPrivateIpAddressesCommandInput>) =>
  stage.client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: stage.spare, ...input }));
const assign6 = (stage: StoryStage, input: Partial<ec2.AssignIpv6AddressesCommandInput>) =>
  stage.client.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: stage.spare, ...input }));

async function eniOf({ client, spare }: StoryStage): Promise<ec2.NetworkInterface | undefined> {
  const command = new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [spare] });
  return (await client.send(command)).NetworkInterfaces?.[0];
}

test('prefixes are assigned by number and by name, shown, and taken back', async () => {
  await using stage = storyStage();
  const { AssignedIpv4Prefixes = [], NetworkInterfaceId } = await assign4(stage, { Ipv4PrefixCount: 2 });
  expect([NetworkInterfaceId, AssignedIpv4Prefixes.length]).toEqual([stage.spare, 2]);
  await assign4(stage, { Ipv4Prefixes: ['10.0.1.224/28'] });
  const all = [...AssignedIpv4Prefixes.map(({ Ipv4Prefix = '' }) => Ipv4Prefix), '10.0.1.224/28'];
  expect((await eniOf(stage))?.Ipv4Prefixes?.map(({ Ipv4Prefix = '' }) => Ipv4Prefix)).toEqual(all);
  expect(await refusalOf(assign4(stage, { Ipv4Prefixes: ['10.0.1.225/28'] }))).toMatch(/^Invalid/);
  const unassign = new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: stage.spare, Ipv4Prefixes: all });
  await stage.client.send(unassign);
  expect((await eniOf(stage))?.Ipv4Prefixes).toBeUndefined();
  expect(await refusalOf(stage.client.send(unassign))).toMatch(/ 400$/);
});

test('IPv6 addresses and prefixes are assigned by number and by name, in any spelling, shown and taken back', async () => {
  await using stage = storyStage();
  const { AssignedIpv6Addresses = [] } = await assign6(stage, { Ipv6AddressCount: 2 });
  const network = (AssignedIpv6Addresses[0] ?? '').split(':').slice(0, 4).join(':');
  const spelt = `${network.toUpperCase()}:0:0:0:00AB`;
  const { AssignedIpv6Addresses: named } = await assign6(stage, { Ipv6Addresses: [spelt] });
  expect(named).toEqual([`${network}::ab`]);
  const { AssignedIpv6Prefixes = [] } = await assign6(stage, { Ipv6PrefixCount: 1 });
  expect(AssignedIpv6Prefixes[0]).toEndWith('/80');
  const eni = await eniOf(stage);
  expect(eni?.Ipv6Addresses?.map(({ Ipv6Address = '' }) => Ipv6Address)).toEqual([
    ...AssignedIpv6Addresses,
    `${network}::ab`,
  ]);
  expect(eni?.Ipv6Prefixes).toEqual(AssignedIpv6Prefixes.map((Ipv6Prefix) => ({ Ipv6Prefix })));
  const Filters = [{ Name: 'ipv6-addresses.ipv6-address', Values: [`${network}::ab`] }];
  const found = await stage.client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
  expect(found.NetworkInterfaces).toHaveLength(1);
  const take = (input: Partial<ec2.UnassignIpv6AddressesCommandInput>) =>
    stage.client.send(new ec2.UnassignIpv6AddressesCommand({ NetworkInterfaceId: stage.spare, ...input }));
  expect((await take({ Ipv6Prefixes: AssignedIpv6Prefixes })).UnassignedIpv6Prefixes).toEqual(AssignedIpv6Prefixes);
  expect((await take({ Ipv6Addresses: [spelt] })).UnassignedIpv6Addresses).toEqual([`${network}::ab`]);
  expect(stage.vpc.eni(stage.spare).ipv6Addresses.join()).toBe(AssignedIpv6Addresses.join());
});

test('one request asks in one way', async () => {
  await using stage = storyStage();
  const both = 'InvalidParameterCombination 400';
  expect([
    await refusalOf(assign4(stage, { Ipv4PrefixCount: 1, PrivateIpAddresses: ['10.0.1.9'] })),
    await refusalOf(assign4(stage, { Ipv4PrefixCount: 1, Ipv4Prefixes: ['10.0.1.224/28'] })),
    await refusalOf(assign6(stage, { Ipv6AddressCount: 1, Ipv6PrefixCount: 1 })),
    await refusalOf(assign6(stage, {})),
  ]).toEqual([both, both, both, 'MissingParameter 400']);
  const create = (input: Partial<ec2.CreateNetworkInterfaceCommandInput>) =>
    refusalOf(stage.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: stage.subnet, ...input })));
  expect([
    await create({ Ipv6AddressCount: 1, Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }] }),
    await create({ Ipv4PrefixCount: 1, Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.224/28' }] }),
    await create({
      PrivateIpAddress: '10.0.1.9',
      PrivateIpAddresses: [{ PrivateIpAddress: '10.0.1.8', Primary: true }],
    }),
    await create({ PrivateIpAddresses: [{ PrivateIpAddress: '10.0.1.8' }] }),
  ]).toEqual([both, both, both, both]);
});

test('an ENI is made with prefixes and IPv6 from the start, and of every kind EC2 makes', async () => {
  await using stage = storyStage();
  const create = async (input: Partial<ec2.CreateNetworkInterfaceCommandInput>) =>
    (await stage.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: stage.subnet, ...input })))
      .NetworkInterface;
  const prefixed = await create({ Ipv4PrefixCount: 1, Ipv6PrefixCount: 1 });
  expect([prefixed?.Ipv4Prefixes?.length, prefixed?.Ipv6Prefixes?.length]).toEqual([1, 1]);
  const addressed = await create({ SecondaryPrivateIpAddressCount: 2, Ipv6AddressCount: 1 });
  expect([addressed?.PrivateIpAddresses?.length, addressed?.Ipv6Addresses?.length]).toEqual([3, 1]);
  expect(addressed?.Ipv6Address).toBe(addressed?.Ipv6Addresses?.[0]?.Ipv6Address ?? '');
  for (const InterfaceType of ['efa', 'efa-only', 'trunk'] as const)
    expect((await create({ InterfaceType }))?.InterfaceType).toBe(InterfaceType);
});

test('the errors of a fragmented subnet and of a full one', async () => {
  await using stage = storyStage();
  stage.vpc.fragmentSubnet(stage.subnet);
  expect(await refusalOf(assign4(stage, { Ipv4PrefixCount: 1 }))).toBe('InsufficientCidrBlocks 400');
  stage.vpc.exhaustSubnet(stage.subnet);
  const one = { SecondaryPrivateIpAddressCount: 1 };
  expect(await refusalOf(assign4(stage, one))).toBe('InsufficientFreeAddressesInSubnet 400');
  expect(await refusalOf(assign4(stage, { Ipv4PrefixCount: 1 }))).toBe('InvalidParameterValue 400');
});
