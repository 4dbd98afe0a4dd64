import { parseIpv4Cidr } from '../../../addr/index.ts';
import { SimFault, type SimSecurityRule } from '../../model/index.ts';
import type { Action } from '../action.ts';
import type { Parameters } from '../parameters.ts';
import { securityRule } from '../shapes/index.ts';
import { items } from '../xml.ts';
import { readTagSpecifications } from './requests.ts';
import { needGroup } from './security-groups.ts';

type Rule = Omit<SimSecurityRule, 'id'>;
type Direction = SimSecurityRule['direction'];

/** EC2's names for protocols that have one; numbers stand for themselves (API reference, IpPermission). */
const NAMES: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };

export const authorizeSecurityGroupIngress: Action = (parameters, context) => authorize('ingress', parameters, context);
export const authorizeSecurityGroupEgress: Action = (parameters, context) => authorize('egress', parameters, context);
export const revokeSecurityGroupIngress: Action = (parameters, context) => revoke('ingress', parameters, context);
export const revokeSecurityGroupEgress: Action = (parameters, context) => revoke('egress', parameters, context);

function authorize(direction: Direction, ...[parameters, { vpc }]: ArgumentsOf): ReturnType<Action> {
  const groupId = parameters.id('GroupId', 'security-group');
  const name = direction === 'ingress' ? parameters.text('GroupName') : undefined;
  const rules = readRules(parameters, direction);
  const tags = readTagSpecifications(parameters, ['security-group-rule'])('security-group-rule');
  if (Object.keys(tags).length > 0)
    throw new SimFault('UnsupportedOperation', 'The simulator keeps no tags of security group rules');
  return () => {
    const group = needGroup(vpc, groupId, name);
    const made = vpc.authorizeRules({ groupId: group.id, rules });
    return { return: true, securityGroupRuleSet: items(made.map((rule) => securityRule(vpc, group.id, rule))) };
  };
}

function revoke(direction: Direction, ...[parameters, { vpc }]: ArgumentsOf): ReturnType<Action> {
  const groupId = parameters.id('GroupId', 'security-group');
  const name = direction === 'ingress' ? parameters.text('GroupName') : undefined;
  const ruleIds = parameters.ids('SecurityGroupRuleId', 'security-group-rule');
  const rules = ruleIds.length > 0 ? [] : readRules(parameters, direction);
  return () => {
    const group = needGroup(vpc, groupId, name);
    const stranger = ruleIds.find((id) => !group.rules.some((rule) => rule.id === id && rule.direction === direction));
    if (stranger !== undefined)
      throw new SimFault('InvalidSecurityGroupRuleId.NotFound', `The security group rule '${stranger}' does not exist`);
    vpc.revokeRules(ruleIds.length > 0 ? { groupId: group.id, ruleIds } : { groupId: group.id, rules });
    return { return: true };
  };
}

type ArgumentsOf = globalThis.Parameters<Action>;

/** The rules a request describes: one for each peer of each `IpPermissions.N`, or a single one spelt out flat. */
function readRules(parameters: Parameters, direction: Direction): readonly Rule[] {
  const structured = parameters.structures('IpPermissions').flatMap((one) => readPermission(one, direction));
  const flat = parameters.has('IpProtocol') || parameters.has('CidrIp') ? [readFlat(parameters, direction)] : [];
  if (structured.length > 0 && flat.length > 0)
    throw new SimFault('InvalidParameterCombination', 'Give either IpPermissions or a single rule, not both');
  const rules = [...structured, ...flat];
  if (rules.length === 0)
    throw new SimFault(
      'MissingParameter',
      'The request must contain the parameter IpPermissions or SecurityGroupRuleIds',
    );
  return rules;
}

function readFlat(parameters: Parameters, direction: Direction): Rule {
  parameters.required('CidrIp');
  const cidr = parameters.cidr('CidrIp') ?? parseIpv4Cidr('0.0.0.0/0');
  return { direction, ...readTraffic(parameters), peer: { cidr }, description: '' };
}

function readPermission(parameters: Parameters, direction: Direction): readonly Rule[] {
  const traffic = { direction, ...readTraffic(parameters) };
  const ipv4 = parameters.structures('IpRanges').map((range): Rule => {
    range.required('CidrIp');
    const cidr = range.cidr('CidrIp') ?? parseIpv4Cidr('0.0.0.0/0');
    return { ...traffic, peer: { cidr }, description: range.text('Description') ?? '' };
  });
  const ipv6 = parameters.structures('Ipv6Ranges').flatMap((range): readonly Rule[] => {
    range.required('CidrIpv6');
    const cidr = range.ipv6Cidr('CidrIpv6');
    return cidr === undefined ? [] : [{ ...traffic, peer: { cidr }, description: range.text('Description') ?? '' }];
  });
  const groups = parameters.structures('Groups').map((group): Rule => {
    const groupId = group.requiredId('GroupId', 'security-group');
    group.text('UserId');
    return { ...traffic, peer: { groupId }, description: group.text('Description') ?? '' };
  });
  return [...ipv4, ...ipv6, ...groups];
}

/** Protocol and ports: EC2 wants ports for TCP and UDP, type and code for ICMP, and takes none for other protocols. */
function readTraffic(parameters: Parameters): Pick<Rule, 'protocol' | 'fromPort' | 'toPort'> {
  const given = parameters.required('IpProtocol').toLowerCase();
  const protocol = NAMES[given] ?? (given === 'all' ? '-1' : given);
  const [from, to] = [parameters.integer('FromPort', -1), parameters.integer('ToPort', -1)];
  const named = Object.values(NAMES).includes(protocol);
  if (!named && protocol !== '-1' && !(/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255))
    throw new SimFault('InvalidParameterValue', `Invalid value '${given}' for IP protocol. Unknown protocol.`);
  if (!named) return { protocol, fromPort: undefined, toPort: undefined };
  if (protocol.startsWith('icmp')) {
    if ([from ?? -1, to ?? -1].some((number) => number > 255))
      throw new SimFault('InvalidParameterValue', `Invalid ICMP type or code ${from}/${to}`);
    return { protocol, fromPort: from ?? -1, toPort: to ?? -1 };
  }
  if (from === undefined || to === undefined || from < 0 || to < from || to > 65535)
    throw new SimFault('InvalidParameterValue', `Invalid ports ${from} to ${to} for ${protocol}`);
  return { protocol, fromPort: from, toPort: to };
}
