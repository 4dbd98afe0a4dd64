import type { SimSecurityGroup, SimVpc } from '../../../../src/sim/model/index.ts';
import { NEWER, NO_SUCH_THING, NOT_IN_STORY, need, type Story } from './story.ts';

const lastGroup = (vpc: SimVpc): SimSecurityGroup => need(vpc.securityGroups().at(-1));

/** What rules cannot have here: prefix lists, peers in other VPCs, tags. */
const RULE = [
  'prefixListId',
  'referencedGroupInfo.peeringStatus',
  'referencedGroupInfo.vpcId',
  'referencedGroupInfo.vpcPeeringConnectionId',
  'tagSet.key',
  'tagSet.value',
].map((name) => `-securityGroupRuleSet.${name}`);

/** Security groups and their rules. */
export const groups: Story = {
  name: 'groups',
  steps: [
    {
      action: 'CreateSecurityGroup',
      input: ({ vpc }) => ({
        GroupName: 'WebServerSG',
        Description: 'Web Servers',
        VpcId: vpc.id,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'team', Value: 'net' }] }],
      }),
      differences: { [NEWER]: ['+securityGroupArn', '+tagSet'] },
    },
    {
      action: 'AuthorizeSecurityGroupIngress',
      input: ({ vpc }) => ({
        GroupId: lastGroup(vpc).id,
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 3389,
            ToPort: 3389,
            IpRanges: [{ CidrIp: '203.0.113.0/24', Description: 'RDP access from B network' }],
            Ipv6Ranges: [{ CidrIpv6: '2001:db8:1234:1a00::/64' }],
          },
          { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: lastGroup(vpc).id, UserId: vpc.ownerId }] },
          { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
        ],
      }),
      differences: { [NO_SUCH_THING]: RULE },
    },
    {
      action: 'AuthorizeSecurityGroupEgress',
      input: ({ vpc }) => ({
        GroupId: lastGroup(vpc).id,
        IpPermissions: [
          { IpProtocol: 'udp', FromPort: 53, ToPort: 53, UserIdGroupPairs: [{ GroupId: vpc.defaultGroupId }] },
        ],
      }),
      differences: { [NEWER]: ['+securityGroupRuleSet'] },
    },
    {
      action: 'DescribeSecurityGroups',
      input: ({ vpc }) => ({ GroupIds: [lastGroup(vpc).id] }),
      differences: {
        [NEWER]: ['+securityGroupInfo.securityGroupArn', '+securityGroupInfo.tagSet'],
        'the rules of the example are others': [
          'ipPermissions.ipv6Ranges.cidrIpv6',
          'ipPermissionsEgress.fromPort',
          'ipPermissionsEgress.toPort',
          'ipPermissionsEgress.groups.groupId',
          'ipPermissionsEgress.groups.userId',
          'ipPermissionsEgress.ipv6Ranges.cidrIpv6',
        ].map((name) => `+securityGroupInfo.${name}`),
      },
    },
    {
      action: 'DescribeSecurityGroupRules',
      input: ({ vpc }) => ({ Filters: [{ Name: 'group-id', Values: [lastGroup(vpc).id] }] }),
      differences: { [NO_SUCH_THING]: RULE },
    },
    {
      action: 'RevokeSecurityGroupIngress',
      input: ({ vpc }) => ({
        GroupId: lastGroup(vpc).id,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 3389, ToPort: 3389, IpRanges: [{ CidrIp: '203.0.113.0/24' }] }],
      }),
      differences: { [NEWER]: ['+revokedSecurityGroupRuleSet'] },
    },
    {
      action: 'RevokeSecurityGroupEgress',
      input: ({ vpc }) => ({
        GroupId: lastGroup(vpc).id,
        SecurityGroupRuleIds: lastGroup(vpc)
          .rules.filter(({ direction }) => direction === 'egress')
          .map(({ id }) => id),
      }),
      differences: {
        [NO_SUCH_THING]: ['-revokedSecurityGroupRuleSet.prefixListId'],
        [NOT_IN_STORY]: ['-revokedSecurityGroupRuleSet.description', '-unknownIpPermissionSet'],
      },
    },
    {
      action: 'DeleteSecurityGroup',
      input: ({ vpc }) => ({ GroupId: lastGroup(vpc).id }),
      differences: { [NEWER]: ['+groupId'] },
    },
  ],
};
