import { formatCidr } from '../../../addr/index.ts';
import type { SimSecurityGroup, SimSecurityRule, SimVpc } from '../../model/index.ts';
import { items, type Xml } from '../xml.ts';
import { arnOf, type Fields, isIpv6Cidr, tagSet } from './common.ts';

/** A security group as DescribeSecurityGroups shows it. */
export function securityGroup(vpc: SimVpc, group: SimSecurityGroup): Xml {
  const permissionsOf = (direction: SimSecurityRule['direction']): Xml =>
    permissions(
      vpc,
      group.rules.filter((rule) => rule.direction === direction),
    );
  return {
    ownerId: vpc.ownerId,
    groupId: group.id,
    groupName: group.name,
    groupDescription: group.description,
    securityGroupArn: arnOf(vpc, 'security-group', group.id),
    vpcId: vpc.id,
    ipPermissions: permissionsOf('ingress'),
    ipPermissionsEgress: permissionsOf('egress'),
    tagSet: tagSet(group.tags),
  };
}

/** A rule as DescribeSecurityGroupRules and the Authorize actions show it. */
export function securityRule(vpc: SimVpc, groupId: string, rule: SimSecurityRule): Xml {
  const { peer } = rule;
  return {
    ...ruleFields(groupId, rule),
    groupOwnerId: vpc.ownerId,
    referencedGroupInfo: 'groupId' in peer ? { groupId: peer.groupId, userId: vpc.ownerId } : undefined,
    securityGroupRuleArn: arnOf(vpc, 'security-group-rule', rule.id),
    tagSet: '',
  };
}

/** A rule as the Revoke actions show it when it is gone. */
export function revokedRule(groupId: string, rule: SimSecurityRule): Xml {
  const { peer } = rule;
  return { ...ruleFields(groupId, rule), referencedGroupId: 'groupId' in peer ? peer.groupId : undefined };
}

function ruleFields(groupId: string, rule: SimSecurityRule): Fields {
  const { peer } = rule;
  return {
    securityGroupRuleId: rule.id,
    groupId,
    isEgress: rule.direction === 'egress',
    ipProtocol: rule.protocol,
    fromPort: rule.fromPort ?? -1,
    toPort: rule.toPort ?? -1,
    cidrIpv4: 'cidr' in peer && !isIpv6Cidr(peer.cidr) ? formatCidr(peer.cidr) : undefined,
    cidrIpv6: 'cidr' in peer && isIpv6Cidr(peer.cidr) ? formatCidr(peer.cidr) : undefined,
    description: rule.description === '' ? undefined : rule.description,
  };
}

/** Rules gathered by protocol and ports, the peers of each in lists by kind: EC2's older view of them. */
function permissions(vpc: SimVpc, rules: readonly SimSecurityRule[]): Xml {
  const byTraffic = Map.groupBy(rules, ({ protocol, fromPort, toPort }) => `${protocol} ${fromPort} ${toPort}`);
  return items(
    [...byTraffic.values()].map((same) => ({
      ipProtocol: same[0]?.protocol,
      fromPort: same[0]?.fromPort,
      toPort: same[0]?.toPort,
      groups: items(same.flatMap((rule) => groupPeer(vpc, rule))),
      ipRanges: items(same.flatMap((rule) => cidrPeer(rule, false))),
      ipv6Ranges: items(same.flatMap((rule) => cidrPeer(rule, true))),
      prefixListIds: '',
    })),
  );
}

function groupPeer(vpc: SimVpc, { peer, description }: SimSecurityRule): readonly Xml[] {
  if (!('groupId' in peer)) return [];
  return [{ groupId: peer.groupId, userId: vpc.ownerId, ...described(description) }];
}

function cidrPeer({ peer, description }: SimSecurityRule, ipv6: boolean): readonly Xml[] {
  if (!('cidr' in peer) || isIpv6Cidr(peer.cidr) !== ipv6) return [];
  return [{ [ipv6 ? 'cidrIpv6' : 'cidrIp']: formatCidr(peer.cidr), ...described(description) }];
}

function described(description: string): { readonly [name: string]: Xml } {
  return description === '' ? {} : { description };
}
