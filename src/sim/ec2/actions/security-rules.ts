import { parseIpv4Cidr } from '../../../addr/index.ts';
import { type RuleRequest, SimFault, type SimVpc } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { missing, type Parameters } from '../parameters.ts';
import { revokedRule, securityRule } from '../shapes/index.ts';
import { items } from '../xml.ts';
import { readTagSpecifications } from './requests.ts';
import { needGroup } from './security-groups.ts';

type Direction = RuleRequest['direction'];

/** EC2's names for protocols that have one; numbers stand for themselves (API reference, IpPermission). */
const NAMES: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };

/** Lets traffic in. */
export const authorizeSecurityGroupIngress: Action = (parameters, context) => authorize('ingress', parameters, context);
/** Lets traffic out. */
export const authorizeSecurityGroupEgress: Action = (parameters, context) => authorize('egress', parameters, context);
/** Lets traffic in no longer. */
export const revokeSecurityGroupIngress: Action = (parameters, context) => revoke('ingress', parameters, context);
/** Lets traffic out no longer. */
export const revokeSecurityGroupEgress: Action = (parameters, context) => revoke('egress', parameters, context);

function authorize(direction: Direction, ...[parameters, { vpc }]: ArgumentsOf): ReturnType<Action> {
  const groupId = parameters.id('GroupId', 'security-group');
  const name = direction === 'ingress' ? parameters.text('GroupName') : undefined;
  const rules = readRules(parameters, direction, vpc);
  const tags = readTagSpecifications(parameters, ['security-group-rule'])('security-group-rule');
  if (Object.keys(tags).length > 0)
    throw new SimFault('UnsupportedOperation', 'The simulator keeps no tags of security group rules');
  return () => {
    if (rules.length === 0) throw missing('IpPermissions');
    const group = needGroup(vpc, groupId, name);
    const made = vpc.authorizeRules({ groupId: group.id, rules });
    return { return: true, securityGroupRuleSet: items(made.map((rule) => securityRule(vpc, group.id, rule))) };
  };
}

function revoke(direction: Direction, ...[parameters, { vpc }]: ArgumentsOf): ReturnType<Action> {
  const groupId = parameters.id('GroupId', 'security-group');
  const name = direction === 'ingress' ? parameters.text('GroupName') : undefined;
  const ruleIds = parameters.ids('SecurityGroupRuleId', 'security-group-rule');
  const rules = readRules(parameters, direction, vpc);
  if (ruleIds.length > 0 && rules.length > 0)
    throw new SimFault('InvalidParameterCombination', 'Give either SecurityGroupRuleId or IpPermissions, not both');
  return () => {
    if (ruleIds.length === 0 && rules.length === 0) throw missing('IpPermissions or SecurityGroupRuleId');
    const before = needGroup(vpc, groupId, name);
    const stranger = ruleIds.find((id) => !before.rules.some((rule) => rule.id === id && rule.direction === direction));
    if (stranger !== undefined)
      throw new SimFault('InvalidSecurityGroupRuleId.NotFound', `The security group rule '${stranger}' does not exist`);
    const id = before.id;
    const { rules: left } = vpc.revokeRules(ruleIds.length > 0 ? { groupId: id, ruleIds } : { groupId: id, rules });
    const gone = before.rules.filter((rule) => !left.some((other) => other.id === rule.id));
    return { return: true, revokedSecurityGroupRuleSet: items(gone.map((rule) => revokedRule(id, rule))) };
  };
}

type ArgumentsOf = globalThis.Parameters<Action>;

/**
 * The rules a request describes: one for each peer of each `IpPermissions.N`, or a single one spelt out flat, which EC2
 * takes for ingress only.
 */
function readRules(parameters: Parameters, direction: Direction, vpc: SimVpc): readonly RuleRequest[] {
  const structured = parameters.structures('IpPermissions').flatMap((one) => readPermission(one, direction, vpc));
  const isFlat = ['IpProtocol', 'CidrIp', 'FromPort', 'ToPort'].some((name) => parameters.has(name));
  const flat = isFlat && direction === 'ingress' ? [readFlat(parameters, direction)] : [];
  if (structured.length > 0 && flat.length > 0)
    throw new SimFault('InvalidParameterCombination', 'Give either IpPermissions or a single rule, not both');
  return [...structured, ...flat];
}

function readFlat(parameters: Parameters, direction: Direction): RuleRequest {
  parameters.required('CidrIp');
  const cidr = parameters.cidr('CidrIp') ?? parseIpv4Cidr('0.0.0.0/0');
  return { direction, ...readTraffic(parameters), peer: { cidr }, description: '' };
}

function readPermission(parameters: Parameters, direction: Direction, vpc: SimVpc): readonly RuleRequest[] {
  const traffic = { direction, ...readTraffic(parameters) };
  const ipv4 = parameters.structures('IpRanges').map((range): RuleRequest => {
    range.required('CidrIp');
    const cidr = range.cidr('CidrIp') ?? parseIpv4Cidr('0.0.0.0/0');
    return { ...traffic, peer: { cidr }, description: readDescription(range) };
  });
  const ipv6 = parameters.structures('Ipv6Ranges').flatMap((range): readonly RuleRequest[] => {
    range.required('CidrIpv6');
    const cidr = range.ipv6Cidr('CidrIpv6');
    return cidr === undefined ? [] : [{ ...traffic, peer: { cidr }, description: readDescription(range) }];
  });
  const groups = parameters.structures('Groups').map((group): RuleRequest => {
    const groupId = group.requiredId('GroupId', 'security-group');
    const owner = group.text('UserId') ?? vpc.ownerId;
    if (owner !== vpc.ownerId)
      throw new SimFault('InvalidGroup.NotFound', `The security group '${groupId}' of '${owner}' does not exist`);
    return { ...traffic, peer: { groupId }, description: readDescription(group) };
  });
  const rules = [...ipv4, ...ipv6, ...groups];
  if (rules.length === 0)
    throw new SimFault(
      'MissingParameter',
      'Missing source specification: include source security group or CIDR information',
    );
  return rules;
}

function readDescription(parameters: Parameters): string {
  const text = parameters.text('Description') ?? '';
  if (!/^[a-zA-Z0-9. _:/()#,@[\]+=&;{}!$*-]{0,255}$/.test(text))
    throw new SimFault(
      'InvalidParameterValue',
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  return text;
}

/** Protocol and ports: EC2 wants ports for TCP and UDP, type and code for ICMP, and takes none for other protocols. */
function readTraffic(parameters: Parameters): Pick<RuleRequest, 'protocol' | 'fromPort' | 'toPort'> {
  const given = parameters.required('IpProtocol').toLowerCase();
  const number = /^\d{1,3}$/.test(given) ? String(Number(given)) : given;
  const protocol = NAMES[number] ?? (number === 'all' ? '-1' : number);
  const [from, to] = [parameters.integer('FromPort', -1), parameters.integer('ToPort', -1)];
  const named = Object.values(NAMES).includes(protocol);
  if (!named && protocol !== '-1' && !(/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255))
    throw new SimFault('InvalidParameterValue', `Invalid value '${given}' for IP protocol. Unknown protocol.`);
  if (!named) return { protocol, fromPort: undefined, toPort: undefined };
  if (protocol.startsWith('icmp')) {
    // "If you specify all ICMP types, you must specify all ICMP codes" (API reference, IpPermission).
    const everyTypeButOneCode = (from ?? -1) === -1 && (to ?? -1) !== -1;
    if (everyTypeButOneCode || [from ?? -1, to ?? -1].some((one) => one > 255))
      throw new SimFault('InvalidParameterValue', `Invalid ICMP type or code ${from}/${to}`);
    return { protocol, fromPort: from ?? -1, toPort: to ?? -1 };
  }
  if (from === undefined || to === undefined || from < 0 || to < from || to > 65535)
    throw new SimFault('InvalidParameterValue', `Invalid ports ${from} to ${to} for ${protocol}`);
  return { protocol, fromPort: from, toPort: to };
}
