import { formatCidr } from '../../../addr/index.ts';
import { SimFault, type SimSecurityGroup, type SimSecurityRule, type SimVpc } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, candidateIds, type FilterTable, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { missing } from '../parameters.ts';
import { arnOf, isIpv6Cidr, securityGroup, securityRule, tagSet } from '../shapes/index.ts';
import { items } from '../xml.ts';
import { readTagSpecifications } from './requests.ts';
import { needVpc } from './vpcs.ts';

/** The group a request names by id or, as EC2 still allows, by name. */
export function needGroup(vpc: SimVpc, id: string | undefined, name: string | undefined): SimSecurityGroup {
  if (id !== undefined && name !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Give either GroupId or GroupName, not both');
  if (id !== undefined) return vpc.securityGroup(id);
  if (name === undefined) throw missing('GroupId');
  const found = vpc.findSecurityGroupNamed(name);
  if (found === undefined) throw new SimFault('InvalidGroup.NotFound', `The security group '${name}' does not exist`);
  return found;
}

/** Makes a security group that lets nothing in and everything out. */
export const createSecurityGroup: Action = (parameters, { vpc }) => {
  const name = parameters.required('GroupName');
  const description = parameters.required('GroupDescription');
  const vpcId = parameters.id('VpcId', 'vpc');
  const tags = readTagSpecifications(parameters, ['security-group'])('security-group');
  // API reference, CreateSecurityGroup: names and descriptions of a VPC's groups.
  for (const text of [name, description])
    if (text.length > 255 || !/^[a-zA-Z0-9 ._:/()#,@[\]+=&;{}!$*-]*$/.test(text))
      throw new SimFault(
        'InvalidParameterValue',
        `Invalid security group name or description: '${text.slice(0, 255)}'`,
      );
  if (name.startsWith('sg-'))
    throw new SimFault('InvalidParameterValue', `The name of a security group cannot start with 'sg-': '${name}'`);
  return () => {
    // There is no default VPC to fall back on.
    if (vpcId === undefined) throw new SimFault('VPCIdNotSpecified', 'There is no default VPC: name one by VpcId');
    needVpc(vpc, vpcId);
    const group = vpc.createSecurityGroup({ name, description, tags });
    return {
      groupId: group.id,
      securityGroupArn: arnOf(vpc, 'security-group', group.id),
      tagSet: tagSet(group.tags),
      return: true,
    };
  };
};

/** Deletes a security group that nothing uses. */
export const deleteSecurityGroup: Action = (parameters, { vpc }) => {
  const groupId = parameters.id('GroupId', 'security-group');
  const name = parameters.text('GroupName');
  return () => {
    const group = needGroup(vpc, groupId, name);
    vpc.deleteSecurityGroup(group.id);
    return { return: true, groupId: group.id };
  };
};

function groupFilters(vpc: SimVpc): FilterTable<SimSecurityGroup> {
  const peers = (group: SimSecurityGroup, direction: string) =>
    group.rules.filter((rule) => rule.direction === direction);
  const filtersOf = (prefix: string, direction: string): FilterTable<SimSecurityGroup> => ({
    [`${prefix}.cidr`]: (group) => peers(group, direction).map((rule) => cidrOf(rule, false)),
    [`${prefix}.from-port`]: (group) => peers(group, direction).map(({ fromPort }) => fromPort),
    [`${prefix}.group-id`]: (group) =>
      peers(group, direction).map(({ peer }) => ('groupId' in peer ? peer.groupId : undefined)),
    [`${prefix}.group-name`]: (group) =>
      peers(group, direction).map(({ peer }) => ('groupId' in peer ? vpc.securityGroup(peer.groupId).name : undefined)),
    [`${prefix}.user-id`]: (group) =>
      peers(group, direction).map(({ peer }) => ('groupId' in peer ? vpc.ownerId : undefined)),
    [`${prefix}.ipv6-cidr`]: (group) => peers(group, direction).map((rule) => cidrOf(rule, true)),
    [`${prefix}.protocol`]: (group) => peers(group, direction).map(({ protocol }) => protocol),
    [`${prefix}.to-port`]: (group) => peers(group, direction).map(({ toPort }) => toPort),
  });
  return {
    description: (group) => [group.description],
    'group-id': (group) => [group.id],
    'group-name': (group) => [group.name],
    'owner-id': () => [vpc.ownerId],
    'vpc-id': () => [vpc.id],
    ...filtersOf('ip-permission', 'ingress'),
    ...filtersOf('egress.ip-permission', 'egress'),
  };
}

function cidrOf({ peer }: SimSecurityRule, ipv6: boolean): string | undefined {
  return 'cidr' in peer && isIpv6Cidr(peer.cidr) === ipv6 ? formatCidr(peer.cidr) : undefined;
}

/** Lists security groups with their rules, those of equal traffic together. */
export const describeSecurityGroups: Action = (parameters, { vpc }) => {
  const ids = parameters.ids('GroupId', 'security-group');
  const names = parameters.list('GroupName');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids: [...ids, ...names], filters });
  return () => {
    const named = [
      ...ids.map((id) => needGroup(vpc, id, undefined)),
      ...names.map((name) => needGroup(vpc, undefined, name)),
    ];
    const chosen = named.length > 0 ? [...new Set(named)] : vpc.securityGroups();
    const matching = applyFilters(chosen, filters, groupFilters(vpc));
    const { items: found, nextToken } = takePage(matching, page, ({ id }) => id);
    return { securityGroupInfo: items(found.map((group) => securityGroup(vpc, group))), nextToken };
  };
};

/** Lists the rules of security groups one by one. */
export const describeSecurityGroupRules: Action = (parameters, { vpc }) => {
  const ids = parameters.ids('SecurityGroupRuleId', 'security-group-rule');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids, filters });
  return () => {
    const candidates = candidateIds(filters, (name, value) => (name === 'group-id' ? [value] : undefined));
    const groups = vpc.securityGroups().filter(({ id }) => candidates?.includes(id) ?? true);
    const rules = groups.flatMap((group) => group.rules.map((rule) => ({ rule, group, tags: {} })));
    const missingId = ids.find((id) => !rules.some(({ rule }) => rule.id === id));
    if (missingId !== undefined && candidates === undefined)
      throw new SimFault(
        'InvalidSecurityGroupRuleId.NotFound',
        `The security group rule '${missingId}' does not exist`,
      );
    const chosen = rules.filter(({ rule }) => ids.length === 0 || ids.includes(rule.id));
    const matching = applyFilters(chosen, filters, {
      'group-id': ({ group }) => [group.id],
      'security-group-rule-id': ({ rule }) => [rule.id],
    });
    const { items: found, nextToken } = takePage(matching, page, ({ rule }) => rule.id);
    return {
      securityGroupRuleSet: items(found.map(({ rule, group }) => securityRule(vpc, group.id, rule))),
      nextToken,
    };
  };
};
