import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { refusalOf, stage } from './support.ts';

test('DescribeInstances shows the instance with its ENIs', async () => {
  await using s = stage();
  const { Reservations } = await s.client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [s.node] }));
  const instance = Reservations?.[0]?.Instances?.[0];
  const eni = s.vpc.eni(s.primary);
  expect(instance).toMatchObject({
    InstanceId: s.node,
    InstanceType: 't3.small',
    State: { Code: 16, Name: 'running' },
    PrivateIpAddress: '10.0.1.4',
    PrivateDnsName: 'ip-10-0-1-4.ec2.internal',
    SubnetId: s.subnet,
    VpcId: s.vpc.id,
    Placement: { AvailabilityZone: 'us-east-1a' },
    LaunchTime: new Date(1_700_000_000_000),
    Tags: [{ Key: 'Name', Value: 'node-a' }],
    NetworkInterfaces: [
      {
        NetworkInterfaceId: s.primary,
        MacAddress: eni.mac,
        Status: 'in-use',
        Attachment: {
          AttachmentId: eni.attachment?.id ?? '',
          DeviceIndex: 0,
          NetworkCardIndex: 0,
          Status: 'attached',
          DeleteOnTermination: true,
        },
      },
    ],
  });
  const missing = s.client.send(new ec2.DescribeInstancesCommand({ InstanceIds: ['i-00000001'] }));
  expect(await refusalOf(missing)).toBe('InvalidInstanceID.NotFound 400');
});

const filters: readonly { name: string; filter: [string, string[]]; found: string }[] = [
  { name: 'the instance', filter: ['attachment.instance-id', ['NODE']], found: 'primary' },
  { name: 'the status', filter: ['status', ['available']], found: 'spare,other' },
  { name: 'several values', filter: ['status', ['available', 'in-use']], found: 'primary,spare,other' },
  { name: 'the VPC', filter: ['vpc-id', ['vpc-00000001']], found: '' },
  { name: 'the subnet', filter: ['subnet-id', ['SUBNET']], found: 'primary,spare' },
  { name: 'a tag', filter: ['tag:team', ['net', 'x']], found: 'spare' },
  { name: 'a tag pattern', filter: ['tag:team', ['n?t*']], found: 'spare' },
  { name: 'a tag key', filter: ['tag-key', ['team']], found: 'spare,other' },
  { name: 'the description', filter: ['description', ['aws-K8S-*']], found: 'spare' },
  { name: 'an escaped star', filter: ['description', ['aws-K8S-\\*']], found: '' },
  { name: 'an address', filter: ['addresses.private-ip-address', ['10.0.1.6']], found: 'spare' },
  { name: 'the zone', filter: ['availability-zone', ['us-east-1b']], found: 'other' },
];

for (const row of filters) {
  test(`DescribeNetworkInterfaces filters by ${row.name}`, async () => {
    await using s = stage();
    const names = new Map([
      [s.primary, 'primary'],
      [
        s.vpc.createEni({ subnetId: s.subnet, description: 'aws-K8S-1', secondaryCount: 1, tags: { team: 'net' } }).id,
        'spare',
      ],
      [s.vpc.createEni({ subnetId: s.vpc.subnets()[1]?.id ?? '', tags: { team: 'web' } }).id, 'other'],
    ]);
    const [Name, values] = row.filter;
    const Values = values.map((value) => value.replace('NODE', s.node).replace('SUBNET', s.subnet));
    const { NetworkInterfaces } = await s.client.send(
      new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values }] }),
    );
    const found = new Set(NetworkInterfaces?.map((eni) => names.get(eni.NetworkInterfaceId ?? '')));
    expect([...names.values()].filter((name) => found.has(name)).join()).toBe(row.found);
    expect(found.size).toBe(NetworkInterfaces?.length ?? 0);
  });
}

test('an unknown filter, an unknown ENI and a bad page are refused', async () => {
  await using s = stage();
  const describe = (input: ec2.DescribeNetworkInterfacesCommandInput): Promise<string> =>
    refusalOf(s.client.send(new ec2.DescribeNetworkInterfacesCommand(input)));
  expect(await describe({ Filters: [{ Name: 'colour', Values: ['red'] }] })).toBe('InvalidParameterValue 400');
  expect(await describe({ NetworkInterfaceIds: ['eni-00000001'] })).toBe('InvalidNetworkInterfaceID.NotFound 400');
  expect(await describe({ MaxResults: 4 })).toBe('InvalidParameterValue 400');
  expect(await describe({ NextToken: 'x' })).toBe('InvalidNextToken 400');
  const both = describe({ MaxResults: 5, NetworkInterfaceIds: [s.primary] });
  expect(await both).toBe('InvalidParameterCombination 400');
});

test('the paginator of the SDK sees every ENI once', async () => {
  await using s = stage();
  for (let n = 0; n < 12; n += 1) s.vpc.createEni({ subnetId: s.subnet });
  const pages: string[][] = [];
  for await (const page of ec2.paginateDescribeNetworkInterfaces({ client: s.client, pageSize: 5 }, {}))
    pages.push((page.NetworkInterfaces ?? []).map((eni) => eni.NetworkInterfaceId ?? ''));
  expect(pages.map((page) => page.length)).toEqual([5, 5, 3]);
  expect(pages.flat().sort()).toEqual(
    s.vpc
      .enis()
      .map((eni) => eni.id)
      .sort(),
  );
});

test('DescribeSubnets counts free addresses and filters by zone', async () => {
  await using s = stage();
  const { Subnets } = await s.client.send(
    new ec2.DescribeSubnetsCommand({
      Filters: [
        { Name: 'vpc-id', Values: [s.vpc.id] },
        { Name: 'availability-zone', Values: ['us-east-1a'] },
      ],
    }),
  );
  expect(Subnets).toEqual([
    {
      SubnetId: s.subnet,
      SubnetArn: `arn:aws:ec2:us-east-1:123456789012:subnet/${s.subnet}`,
      State: 'available',
      OwnerId: '123456789012',
      VpcId: s.vpc.id,
      CidrBlock: '10.0.1.0/24',
      AvailableIpAddressCount: 250,
      AvailabilityZone: 'us-east-1a',
      AvailabilityZoneId: 'use1-az1',
      DefaultForAz: false,
      MapPublicIpOnLaunch: false,
      MapCustomerOwnedIpOnLaunch: false,
      AssignIpv6AddressOnCreation: false,
      EnableDns64: false,
      Ipv6Native: false,
      Ipv6CidrBlockAssociationSet: [],
      PrivateDnsNameOptionsOnLaunch: {
        HostnameType: 'ip-name',
        EnableResourceNameDnsARecord: false,
        EnableResourceNameDnsAAAARecord: false,
      },
      Tags: [{ Key: 'tier', Value: 'pods' }],
    },
  ]);
  const missing = s.client.send(new ec2.DescribeSubnetsCommand({ SubnetIds: ['subnet-00000001'] }));
  expect(await refusalOf(missing)).toBe('InvalidSubnetID.NotFound 400');
});

test('DescribeInstanceTypes tells the limits of a type, and all types page by page', async () => {
  await using s = stage();
  const { InstanceTypes } = await s.client.send(
    new ec2.DescribeInstanceTypesCommand({ InstanceTypes: ['p4d.24xlarge'] }),
  );
  expect(InstanceTypes?.[0]).toMatchObject({
    InstanceType: 'p4d.24xlarge',
    BareMetal: false,
    Hypervisor: 'nitro',
    NetworkInfo: { MaximumNetworkInterfaces: 60, Ipv4AddressesPerInterface: 50, MaximumNetworkCards: 4 },
  });
  expect(InstanceTypes?.[0]?.NetworkInfo?.NetworkCards?.map((card) => card.MaximumNetworkInterfaces ?? 0)).toEqual([
    15, 15, 15, 15,
  ]);
  let seen = 0;
  for await (const page of ec2.paginateDescribeInstanceTypes({ client: s.client }, {}))
    seen += page.InstanceTypes?.length ?? 0;
  expect(seen).toBe(1391);
});

test('DescribeInstanceTypes finds types by what it says of them', async () => {
  await using s = stage();
  const found = async (Name: string, value: string): Promise<string> => {
    const filters = [
      { Name: 'instance-type', Values: ['m1.small', 'm5.large', 'm6g.large', 'mac2.metal'] },
      { Name, Values: [value] },
    ];
    const { InstanceTypes = [] } = await s.client.send(new ec2.DescribeInstanceTypesCommand({ Filters: filters }));
    return InstanceTypes.map(({ InstanceType }) => InstanceType).join(' ');
  };
  expect([
    await found('network-info.ipv6-supported', 'false'),
    await found('network-info.ipv6-addresses-per-interface', '0'),
    await found('network-info.ipv6-addresses-per-interface', '10'),
    await found('processor-info.supported-architecture', 'arm64'),
    await found('processor-info.supported-architecture', 'arm64_mac'),
    await found('hypervisor', 'xen'),
    await found('bare-metal', 'true'),
    await found('network-info.maximum-network-interfaces', '3'),
  ]).toEqual([
    'm1.small',
    'm1.small',
    'm5.large m6g.large',
    'm6g.large',
    'mac2.metal',
    'm1.small',
    'mac2.metal',
    'm5.large m6g.large',
  ]);
});

test('DescribeVpcs, DescribeAvailabilityZones and DescribeSecurityGroups show the surroundings', async () => {
  await using s = stage();
  const { Vpcs } = await s.client.send(new ec2.DescribeVpcsCommand({ VpcIds: [s.vpc.id] }));
  expect(Vpcs?.map((one) => [one.VpcId, one.CidrBlock, one.CidrBlockAssociationSet?.[0]?.CidrBlock].join(' '))).toEqual(
    [`${s.vpc.id} 10.0.0.0/16 10.0.0.0/16`],
  );
  const zones = await s.client.send(new ec2.DescribeAvailabilityZonesCommand({}));
  expect(zones.AvailabilityZones?.map((one) => `${one.ZoneName} ${one.ZoneId} ${one.State}`)).toEqual([
    'us-east-1a use1-az1 available',
    'us-east-1b use1-az2 available',
  ]);
  const groups = await s.client.send(new ec2.DescribeSecurityGroupsCommand({}));
  expect(groups.SecurityGroups?.map((one) => one.GroupName)).toEqual(['default']);
  const missing = s.client.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: ['sg-00000001'] }));
  expect(await refusalOf(missing)).toBe('InvalidGroup.NotFound 400');
});
