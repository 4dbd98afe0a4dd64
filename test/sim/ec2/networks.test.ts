import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { need } from './stories/story.ts';
import { refusalOf } from './support.ts';

const subnetIn = ({ client, vpc }: StoryStage, input: Partial<ec2.CreateSubnetCommandInput>) =>
  client.send(new ec2.CreateSubnetCommand({ VpcId: vpc.id, CidrBlock: '10.0.2.0/24', ...input }));

test('CreateSubnet places a subnet by the name or the id of its zone, not by both', async () => {
  await using stage = storyStage();
  const { Subnet } = await subnetIn(stage, { AvailabilityZoneId: 'use1-az3' });
  expect([Subnet?.AvailabilityZone, Subnet?.AvailabilityZoneId]).toEqual(['us-east-1c', 'use1-az3']);
  const CidrBlock = '10.0.3.0/24';
  const both = subnetIn(stage, { CidrBlock, AvailabilityZone: 'us-east-1a', AvailabilityZoneId: 'use1-az1' });
  expect(await refusalOf(both)).toBe('InvalidParameterCombination 400');
  expect(await refusalOf(subnetIn(stage, { CidrBlock, AvailabilityZoneId: 'euw1-az1' }))).toBe(
    'InvalidParameterValue 400',
  );
  const { AvailabilityZones = [] } = await stage.client.send(new ec2.DescribeAvailabilityZonesCommand({}));
  expect(AvailabilityZones.map(({ ZoneName, State }) => `${ZoneName} ${State}`)).toEqual([
    'us-east-1a available',
    'us-east-1c available',
  ]);
});

const subnets: readonly (readonly [name: string, input: Partial<ec2.CreateSubnetCommandInput>, code: string])[] = [
  ['overlaps another', { CidrBlock: '10.0.1.128/25' }, 'InvalidSubnet.Conflict'],
  ['is outside of the VPC', { CidrBlock: '192.0.2.0/24' }, 'InvalidSubnet.Range'],
  ['is too small', { CidrBlock: '10.0.2.0/29' }, 'InvalidSubnet.Range'],
  ['is no network', { CidrBlock: '10.0.2.0' }, 'InvalidParameterValue'],
  ['has no network', { CidrBlock: undefined }, 'MissingParameter'],
  ['is in another VPC', { VpcId: 'vpc-0123abcd' }, 'InvalidVpcID.NotFound'],
];

for (const [name, input, code] of subnets) {
  test(`a subnet that ${name} is refused with ${code}`, async () => {
    await using stage = storyStage();
    expect(await refusalOf(subnetIn(stage, input))).toBe(`${code} 400`);
    expect(stage.vpc.subnets()).toHaveLength(1);
  });
}

test('a subnet in use stays, also the network of the VPC it lies in', async () => {
  await using stage = storyStage();
  const remove = new ec2.DeleteSubnetCommand({ SubnetId: stage.subnet });
  expect(await refusalOf(stage.client.send(remove))).toBe('DependencyViolation 400');
  const { CidrBlockAssociation } = await stage.client.send(
    new ec2.AssociateVpcCidrBlockCommand({ VpcId: stage.vpc.id, CidrBlock: '10.1.0.0/16' }),
  );
  expect(CidrBlockAssociation?.CidrBlockState).toEqual({ State: 'associating' });
  await subnetIn(stage, { CidrBlock: '10.1.0.0/24' });
  const drop = (AssociationId = '') =>
    refusalOf(stage.client.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId })));
  expect(await drop(CidrBlockAssociation?.AssociationId)).toMatch(/ 400$/);
  expect(await drop(need(stage.vpc.cidrs()[0]).id)).toBe('OperationNotPermitted 400');
  stage.vpc.deleteSubnet(need(stage.vpc.subnets().at(-1)).id);
  expect(await drop(CidrBlockAssociation?.AssociationId)).toBe('none');
  expect(stage.vpc.cidrs()).toHaveLength(1);
});

test('ModifySubnetAttribute changes one attribute at a time, and new ENIs get IPv6 when it says so', async () => {
  await using stage = storyStage();
  const SubnetId = stage.subnet;
  const modify = (input: Partial<ec2.ModifySubnetAttributeCommandInput>) =>
    refusalOf(stage.client.send(new ec2.ModifySubnetAttributeCommand({ SubnetId, ...input })));
  const on = { Value: true };
  expect(await modify({ AssignIpv6AddressOnCreation: on, MapPublicIpOnLaunch: on })).toBe(
    'InvalidParameterCombination 400',
  );
  expect(await modify({})).toBe('MissingParameter 400');
  expect(await modify({ EnableDns64: on })).toBe('UnsupportedOperation 400');
  expect(await modify({ AssignIpv6AddressOnCreation: on })).toBe('none');
  const create = async (Ipv6AddressCount?: number) => {
    const { NetworkInterface } = await stage.client.send(
      new ec2.CreateNetworkInterfaceCommand({ SubnetId, Ipv6AddressCount }),
    );
    return NetworkInterface?.Ipv6Addresses?.length;
  };
  // Zero by name overrides the subnet (API reference, CreateNetworkInterface).
  expect([await create(), await create(0)]).toEqual([1, 0]);
});

test('a reservation keeps addresses for prefixes, is found by its tag, and cannot overlap', async () => {
  await using stage = storyStage();
  const SubnetId = stage.subnet;
  const reserve = (Cidr: string, ReservationType: ec2.SubnetCidrReservationType = 'prefix') =>
    stage.client.send(
      new ec2.CreateSubnetCidrReservationCommand({
        SubnetId,
        Cidr,
        ReservationType,
        TagSpecifications: [
          { ResourceType: 'subnet-cidr-reservation', Tags: [{ Key: 'for', Value: ReservationType }] },
        ],
      }),
    );
  const { SubnetCidrReservation } = await reserve('10.0.1.128/25');
  await reserve('10.0.1.64/28', 'explicit');
  expect(await refusalOf(reserve('10.0.1.192/28'))).toMatch(/ 400$/);
  expect(await refusalOf(reserve('10.0.9.0/28'))).toMatch(/ 400$/);
  expect(await refusalOf(reserve('nonsense'))).toBe('InvalidParameterValue 400');
  const found = async (Name: string, value: string) => {
    const { SubnetIpv4CidrReservations = [] } = await stage.client.send(
      new ec2.GetSubnetCidrReservationsCommand({ SubnetId, Filters: [{ Name, Values: [value] }] }),
    );
    return SubnetIpv4CidrReservations.map(({ Cidr }) => Cidr).join();
  };
  expect([
    await found('tag:for', 'prefix'),
    await found('reservationType', 'explicit'),
    await found('subnet-id', SubnetId),
  ]).toEqual(['10.0.1.128/25', '10.0.1.64/28', '10.0.1.128/25,10.0.1.64/28']);
  const { NetworkInterface } = await stage.client.send(
    new ec2.CreateNetworkInterfaceCommand({ SubnetId, Ipv4PrefixCount: 1 }),
  );
  expect(NetworkInterface?.Ipv4Prefixes).toEqual([{ Ipv4Prefix: '10.0.1.128/28' }]);
  const SubnetCidrReservationId = SubnetCidrReservation?.SubnetCidrReservationId;
  const remove = new ec2.DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId });
  expect((await stage.client.send(remove)).DeletedSubnetCidrReservation?.Cidr).toBe('10.0.1.128/25');
  expect(await refusalOf(stage.client.send(remove))).toBe('InvalidSubnetCidrReservationID.NotFound 400');
});

test('tags come and go one by one, by key or by key and value, on everything that has tags', async () => {
  await using stage = storyStage();
  const { SubnetCidrReservation } = await stage.client.send(
    new ec2.CreateSubnetCidrReservationCommand({
      SubnetId: stage.subnet,
      Cidr: '10.0.1.64/28',
      ReservationType: 'prefix',
    }),
  );
  const Resources = [
    stage.vpc.id,
    stage.subnet,
    stage.node,
    stage.spare,
    stage.vpc.defaultGroupId,
    SubnetCidrReservation?.SubnetCidrReservationId ?? '',
  ];
  const tag = { Key: 'team', Value: '' };
  await stage.client.send(new ec2.CreateTagsCommand({ Resources, Tags: [tag, { Key: 'x', Value: 'y' }] }));
  const tagged = async (Key: string) => {
    const Filters = [{ Name: 'key', Values: [Key] }];
    const { Tags = [] } = await stage.client.send(new ec2.DescribeTagsCommand({ Filters }));
    return Tags.map(({ ResourceType }) => `${ResourceType}`).sort();
  };
  const everything = ['instance', 'network-interface', 'security-group', 'subnet', 'subnet-cidr-reservation', 'vpc'];
  expect(await tagged('team')).toEqual(everything);
  await stage.client.send(new ec2.DeleteTagsCommand({ Resources, Tags: [{ Key: 'team', Value: 'other' }] }));
  expect(await tagged('team')).toEqual(everything);
  await stage.client.send(new ec2.DeleteTagsCommand({ Resources, Tags: [tag] }));
  expect([await tagged('team'), await tagged('x')]).toEqual([[], everything]);
  await stage.client.send(new ec2.DeleteTagsCommand({ Resources: [stage.subnet] }));
  expect(await tagged('x')).toEqual(everything.filter((type) => type !== 'subnet'));
});
