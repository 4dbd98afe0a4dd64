import { expect, test } from 'bun:test';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { need } from './stories/story.ts';

const ACCOUNT = '123456789012';

/** Answers of actions for which EC2 documents no example, value by value as its API reference describes them. */
test('instance types', async () => {
  await using stage = storyStage();
  const answer = await stage.send('DescribeInstanceTypes', { InstanceTypes: ['m6g.large', 'm1.small'] });
  const card = (MaximumNetworkInterfaces: number) => [{ MaximumNetworkInterfaces, NetworkCardIndex: 0 }];
  expect(answer).toEqual({
    InstanceTypes: [
      {
        ...{ InstanceType: 'm1.small', BareMetal: false, CurrentGeneration: false, Hypervisor: 'xen' },
        ProcessorInfo: { SupportedArchitectures: ['x86_64'] },
        NetworkInfo: {
          ...{ MaximumNetworkInterfaces: 2, MaximumNetworkCards: 1, DefaultNetworkCardIndex: 0, NetworkCards: card(2) },
          ...{ Ipv4AddressesPerInterface: 4, Ipv6Supported: false, Ipv6AddressesPerInterface: 0 },
        },
      },
      {
        ...{ InstanceType: 'm6g.large', BareMetal: false, CurrentGeneration: true, Hypervisor: 'nitro' },
        ProcessorInfo: { SupportedArchitectures: ['arm64'] },
        NetworkInfo: {
          ...{ MaximumNetworkInterfaces: 3, MaximumNetworkCards: 1, DefaultNetworkCardIndex: 0, NetworkCards: card(3) },
          ...{ Ipv4AddressesPerInterface: 10, Ipv6Supported: true, Ipv6AddressesPerInterface: 10 },
        },
      },
    ],
  });
});

test('reservations of a subnet', async () => {
  await using stage = storyStage();
  const { subnet } = stage;
  const made = await stage.send('CreateSubnetCidrReservation', {
    ...{ SubnetId: subnet, Cidr: '10.0.1.64/26', ReservationType: 'explicit', Description: 'for pods' },
    TagSpecifications: [{ ResourceType: 'subnet-cidr-reservation', Tags: [{ Key: 'for', Value: 'pods' }] }],
  });
  const { id } = need(stage.vpc.reservationsOf(subnet)[0]);
  const whole = {
    ...{ SubnetCidrReservationId: id, SubnetId: subnet, Cidr: '10.0.1.64/26', ReservationType: 'explicit' },
    ...{ OwnerId: ACCOUNT, Description: 'for pods', Tags: [{ Key: 'for', Value: 'pods' }] },
  };
  expect(made).toEqual({ SubnetCidrReservation: whole });
  expect(await stage.send('GetSubnetCidrReservations', { SubnetId: subnet })).toEqual({
    SubnetIpv4CidrReservations: [whole],
    SubnetIpv6CidrReservations: [],
  });
  const deleted = await stage.send('DeleteSubnetCidrReservation', { SubnetCidrReservationId: id });
  expect(deleted).toEqual({ DeletedSubnetCidrReservation: whole });
});

/** A rule of the default group as EC2 lists it: by TCP, on one port. */
function ruleOf(stage: StoryStage, port: number, rest: object): object {
  const { id, direction } = need(
    stage.vpc.securityGroup(stage.vpc.defaultGroupId).rules.find(({ fromPort }) => fromPort === port),
  );
  return {
    ...{ SecurityGroupRuleId: id, GroupId: stage.vpc.defaultGroupId, GroupOwnerId: ACCOUNT, Tags: [] },
    ...{ IsEgress: direction === 'egress', IpProtocol: 'tcp', FromPort: port, ToPort: port },
    SecurityGroupRuleArn: `arn:aws:ec2:us-east-1:${ACCOUNT}:security-group-rule/${id}`,
    ...rest,
  };
}

test('rules of a security group', async () => {
  await using stage = storyStage();
  const GroupId = stage.vpc.defaultGroupId;
  const port = (FromPort: number) => ({ IpProtocol: 'tcp', FromPort, ToPort: FromPort });
  const ingress = await stage.send('AuthorizeSecurityGroupIngress', {
    GroupId,
    IpPermissions: [
      { ...port(22), IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'from inside' }] },
      { ...port(23), UserIdGroupPairs: [{ GroupId }] },
    ],
  });
  const there = ruleOf(stage, 22, { IsEgress: false, CidrIpv4: '10.0.0.0/8', Description: 'from inside' });
  const byGroup = ruleOf(stage, 23, { IsEgress: false, ReferencedGroupInfo: { GroupId, UserId: ACCOUNT } });
  expect(ingress).toEqual({ Return: true, SecurityGroupRules: [there, byGroup] });
  await stage.send('AuthorizeSecurityGroupEgress', {
    GroupId,
    IpPermissions: [{ ...port(24), Ipv6Ranges: [{ CidrIpv6: '2001:db8::/64' }] }],
  });
  const out = ruleOf(stage, 24, { IsEgress: true, CidrIpv6: '2001:db8::/64' });
  const idOf = (rule: object): unknown => Reflect.get(rule, 'SecurityGroupRuleId');
  const SecurityGroupRuleIds = [there, out].map(idOf);
  expect(await stage.send('DescribeSecurityGroupRules', { SecurityGroupRuleIds })).toEqual({
    SecurityGroupRules: [there, out],
  });
  expect(await stage.send('RevokeSecurityGroupEgress', { GroupId, SecurityGroupRuleIds: [idOf(out)] })).toEqual({
    Return: true,
    RevokedSecurityGroupRules: [
      {
        ...{ SecurityGroupRuleId: idOf(out), GroupId, IsEgress: true, CidrIpv6: '2001:db8::/64' },
        ...port(24),
      },
    ],
  });
});

test('branches on a trunk', async () => {
  await using stage = storyStage();
  const { vpc, subnet, spare } = stage;
  const trunk = vpc.createEni({ subnetId: subnet, interfaceType: 'trunk' }).id;
  const VlanId = 7;
  const input = { TrunkInterfaceId: trunk, BranchInterfaceId: spare, VlanId, ClientToken: 'a' };
  const made = await stage.send('AssociateTrunkInterface', input);
  const AssociationId = need(vpc.trunkAssociations()[0]).id;
  const whole = {
    ...{ AssociationId, TrunkInterfaceId: trunk, BranchInterfaceId: spare },
    ...{ InterfaceProtocol: 'VLAN', VlanId, Tags: [] },
  };
  expect(made).toEqual({ ClientToken: 'a', InterfaceAssociation: whole });
  expect(await stage.send('DescribeTrunkInterfaceAssociations', {})).toEqual({ InterfaceAssociations: [whole] });
  expect(await stage.send('DisassociateTrunkInterface', { AssociationId, ClientToken: 'b' })).toEqual({
    ClientToken: 'b',
    Return: true,
  });
});
