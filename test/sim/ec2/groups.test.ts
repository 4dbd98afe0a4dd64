import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

async function webGroup({ client, vpc }: StoryStage): Promise<string> {
  const input = { GroupName: 'web', Description: 'web servers', VpcId: vpc.id };
  return (await client.send(new ec2.CreateSecurityGroupCommand(input))).GroupId ?? '';
}

const rulesOf = ({ vpc }: StoryStage, id: string): readonly string[] =>
  vpc.securityGroup(id).rules.map((rule) => {
    const peer = 'cidr' in rule.peer ? `${rule.peer.cidr.address}/${rule.peer.cidr.prefixLength}` : rule.peer.groupId;
    return [rule.direction, rule.protocol, rule.fromPort ?? '-', rule.toPort ?? '-', peer].join(' ');
  });

const permissions: readonly (readonly [
  name: string,
  permission: ec2.IpPermission,
  rule: string | readonly ['refused', string],
])[] = [
  ['a port', { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 }, 'ingress tcp 80 80'],
  ['a protocol by number', { IpProtocol: '17', FromPort: 0, ToPort: 65535 }, 'ingress udp 0 65535'],
  ['all ICMP', { IpProtocol: 'icmp', FromPort: -1, ToPort: -1 }, 'ingress icmp -1 -1'],
  ['one ICMP code', { IpProtocol: 'icmp', FromPort: 3, ToPort: 4 }, 'ingress icmp 3 4'],
  ['all traffic', { IpProtocol: '-1' }, 'ingress -1 - -'],
  ['all traffic, and ports that mean nothing then', { IpProtocol: '-1', FromPort: 0, ToPort: 9 }, 'ingress -1 - -'],
  ['another protocol', { IpProtocol: '50' }, 'ingress 50 - -'],
  ['no ports where there must be', { IpProtocol: 'tcp' }, ['refused', 'InvalidParameterValue']],
  ['ports the wrong way round', { IpProtocol: 'tcp', FromPort: 9, ToPort: 8 }, ['refused', 'InvalidParameterValue']],
  ['a port there is not', { IpProtocol: 'udp', FromPort: 1, ToPort: 65536 }, ['refused', 'InvalidParameterValue']],
  ['a protocol there is not', { IpProtocol: '256' }, ['refused', 'InvalidParameterValue']],
  ['a protocol by a number with zeros', { IpProtocol: '006', FromPort: 1, ToPort: 2 }, 'ingress tcp 1 2'],
  [
    'one code of every ICMP type',
    { IpProtocol: 'icmp', FromPort: -1, ToPort: 5 },
    ['refused', 'InvalidParameterValue'],
  ],
  [
    'a permission for nobody beside one for somebody',
    { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, IpRanges: [] },
    ['refused', 'MissingParameter'],
  ],
  [
    'a description EC2 does not write',
    { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.9.0.0/16', Description: "it's" }] },
    ['refused', 'InvalidParameterValue'],
  ],
  [
    'a description that is too long',
    { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.9.0.0/16', Description: 'x'.repeat(256) }] },
    ['refused', 'InvalidParameterValue'],
  ],
  ['an ICMP type there is not', { IpProtocol: 'icmp', FromPort: 256 }, ['refused', 'InvalidParameterValue']],
];

for (const [name, permission, outcome] of permissions) {
  test(`AuthorizeSecurityGroupIngress takes or refuses ${name}`, async () => {
    await using stage = storyStage();
    const GroupId = await webGroup(stage);
    const before = rulesOf(stage, GroupId);
    const IpPermissions = [{ IpRanges: [{ CidrIp: '10.0.0.0/8' }], ...permission }];
    const call = stage.client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    if (typeof outcome !== 'string') {
      expect(await refusalOf(call)).toBe(`${outcome[1]} 400`);
      expect(rulesOf(stage, GroupId)).toEqual(before);
      return;
    }
    await call;
    expect(rulesOf(stage, GroupId)).toEqual([...before, `${outcome} 10.0.0.0/8`]);
  });
}

test('a single rule may be spelt out flat, for ingress only', async () => {
  await using stage = storyStage();
  const GroupId = await webGroup(stage);
  const flat = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '192.0.2.0/24' };
  await stage.client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, ...flat }));
  expect(rulesOf(stage, GroupId)).toContain('ingress tcp 22 22 192.0.2.0/24');
  const twice = stage.client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupName: 'web', ...flat }));
  expect(await refusalOf(twice)).toBe('InvalidPermission.Duplicate 400');
  const egress = stage.client.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId, ...flat }));
  expect(await refusalOf(egress)).toBe('UnsupportedOperation 400');
  const { RevokedSecurityGroupRules } = await stage.client.send(
    new ec2.RevokeSecurityGroupIngressCommand({ GroupId, ...flat }),
  );
  expect(RevokedSecurityGroupRules?.map(({ CidrIpv4 = '' }) => CidrIpv4)).toEqual(['192.0.2.0/24']);
  expect(rulesOf(stage, GroupId)).not.toContain('ingress tcp 22 22 192.0.2.0/24');
});

test('a network is kept by its first address, known again by any, and not taken twice', async () => {
  await using stage = storyStage();
  const GroupId = await webGroup(stage);
  const before = rulesOf(stage, GroupId);
  const web = (...cidrs: readonly string[]): ec2.IpPermission[] => {
    const four = cidrs.filter((cidr) => !cidr.includes(':')).map((CidrIp) => ({ CidrIp }));
    const six = cidrs.filter((cidr) => cidr.includes(':')).map((CidrIpv6) => ({ CidrIpv6 }));
    return [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: four, Ipv6Ranges: six }];
  };
  const authorize = (...cidrs: readonly string[]) =>
    stage.client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: web(...cidrs) }));
  expect(await refusalOf(authorize('10.0.0.5/24', '10.0.0.9/24'))).toBe('InvalidParameterValue 400');
  const { SecurityGroupRules } = await authorize('10.0.0.5/24', '2001:db8:0:1::9/48');
  expect(SecurityGroupRules?.map(({ CidrIpv4, CidrIpv6 }) => CidrIpv4 ?? CidrIpv6 ?? '')).toEqual([
    '10.0.0.0/24',
    '2001:db8::/48',
  ]);
  expect(await refusalOf(authorize('10.0.0.0/24'))).toBe('InvalidPermission.Duplicate 400');
  const IpPermissions = web('10.0.0.77/24', '2001:db8::7/48');
  await stage.client.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  expect(rulesOf(stage, GroupId)).toEqual(before);
});

test('a rule is revoked by its id, in its direction, and only once', async () => {
  await using stage = storyStage();
  const GroupId = await webGroup(stage);
  const { SecurityGroupRules = [] } = await stage.client.send(
    new ec2.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
  );
  const SecurityGroupRuleIds = SecurityGroupRules.slice(0, 1).map(
    ({ SecurityGroupRuleId = '' }) => SecurityGroupRuleId,
  );
  const wrong = stage.client.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds }));
  expect(await refusalOf(wrong)).toBe('InvalidSecurityGroupRuleId.NotFound 400');
  const both = {
    GroupId,
    SecurityGroupRuleIds,
    IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  };
  const mixed = stage.client.send(new ec2.RevokeSecurityGroupEgressCommand(both));
  expect(await refusalOf(mixed)).toBe('InvalidParameterCombination 400');
  const revoke = new ec2.RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds });
  await stage.client.send(revoke);
  expect(rulesOf(stage, GroupId)).toEqual(['egress -1 - - ::/0']);
  expect(await refusalOf(stage.client.send(revoke))).toBe('InvalidSecurityGroupRuleId.NotFound 400');
});

test('security groups have names of their own, live in the VPC, and go when nothing needs them', async () => {
  await using stage = storyStage();
  const GroupId = await webGroup(stage);
  const create = (input: Partial<ec2.CreateSecurityGroupCommandInput>) => {
    const base = { GroupName: 'other', Description: 'other', VpcId: stage.vpc.id };
    return refusalOf(stage.client.send(new ec2.CreateSecurityGroupCommand({ ...base, ...input })));
  };
  expect([
    await create({ GroupName: 'web' }),
    await create({ GroupName: 'sg-web' }),
    await create({ GroupName: 'w€b' }),
    await create({ Description: '<script>' }),
    await create({ VpcId: undefined }),
    await create({ VpcId: 'vpc-0123abcd' }),
  ]).toEqual(
    [
      'InvalidGroup.Duplicate',
      'InvalidParameterValue',
      'InvalidParameterValue',
      'InvalidParameterValue',
      'VPCIdNotSpecified',
      'InvalidVpcID.NotFound',
    ].map((code) => `${code} 400`),
  );
  stage.vpc.setSecurityGroups(stage.spare, [GroupId]);
  const remove = (id: string) => refusalOf(stage.client.send(new ec2.DeleteSecurityGroupCommand({ GroupId: id })));
  expect(await remove(GroupId)).toBe('DependencyViolation 400');
  expect(await remove(stage.vpc.defaultGroupId)).toBe('CannotDelete 400');
  stage.vpc.setSecurityGroups(stage.spare, [stage.vpc.defaultGroupId]);
  expect(await remove(GroupId)).toBe('none');
});

const filters: readonly (readonly [name: string, value: string, found: string])[] = [
  ['group-name', 'w*', 'web'],
  ['ip-permission.cidr', '198.51.100.0/24', 'web'],
  ['ip-permission.from-port', '443', 'web'],
  ['ip-permission.protocol', '-1', 'default'],
  ['ip-permission.group-id', 'DEFAULT', 'default'],
  ['egress.ip-permission.ipv6-cidr', '::/0', 'default,web'],
  ['egress.ip-permission.cidr', '10.0.0.0/8', ''],
  ['tag:team', 'net', 'web'],
  ['description', '?eb servers', 'web'],
];

for (const [Name, value, found] of filters) {
  test(`DescribeSecurityGroups filters by ${Name}`, async () => {
    await using stage = storyStage();
    const GroupId = await webGroup(stage);
    const IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '198.51.100.0/24' }] },
    ];
    await stage.client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    stage.vpc.createTags({ resourceIds: [GroupId], tags: { team: 'net' } });
    const Filters = [{ Name, Values: [value.replace('DEFAULT', stage.vpc.defaultGroupId)] }];
    const { SecurityGroups = [] } = await stage.client.send(new ec2.DescribeSecurityGroupsCommand({ Filters }));
    expect(SecurityGroups.map(({ GroupName }) => GroupName).join()).toBe(found);
  });
}
