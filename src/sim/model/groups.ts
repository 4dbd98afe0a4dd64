import { formatCidr, ipv6NetworkOf, networkOf, parseIpv4Cidr, parseIpv6Cidr } from '../../addr/index.ts';
import { isIpv4Cidr } from './cidrs.ts';
import { SimFault } from './fault.ts';
import { needGroup, type VpcState } from './state.ts';
import type { Cidr, SimSecurityGroup, SimSecurityRule, Tags } from './types.ts';

/** A rule before it has an id. */
export type RuleRequest = Omit<SimSecurityRule, 'id'>;

/** What a security group is made from. */
export interface GroupRequest {
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: Tags | undefined;
}

/** Which rules to take away: by id, or by what they say. */
export type RevokeRequest = { readonly groupId: string } & (
  | { readonly ruleIds: readonly string[] }
  | { readonly rules: readonly RuleRequest[] }
);

const ANYWHERE = parseIpv4Cidr('0.0.0.0/0');
const ANYWHERE6 = parseIpv6Cidr('::/0');
const ALL = { protocol: '-1', fromPort: undefined, toPort: undefined, description: '' } as const;

/** The group every VPC starts with: its members reach each other and everybody outside. */
export function createDefaultGroup(state: VpcState): SimSecurityGroup {
  const id = state.defaultGroupId;
  const among: RuleRequest = { ...ALL, direction: 'ingress', peer: { groupId: id } };
  return addGroup(state, { id, name: 'default', description: 'default VPC security group', tags: {} }, [among]);
}

/** A group whose way out is still the one it was made with gets the same for IPv6, once the VPC has IPv6. */
export function openWayOut6(state: VpcState): void {
  for (const group of state.groups.values()) {
    const [first, ...more] = group.rules.filter(({ direction }) => direction === 'egress');
    if (first === undefined || more.length > 0 || ruleKey(first) !== ruleKey(outwards(ANYWHERE))) continue;
    putGroup(state, { ...group, rules: [...group.rules, { ...outwards(ANYWHERE6), id: state.ids.next('sgr') }] });
  }
}

/** Adds a group that lets nothing in and everything out. */
export function createGroup(state: VpcState, request: GroupRequest): SimSecurityGroup {
  const { name } = request;
  if (name === '' || name.length > 255 || name.startsWith('sg-'))
    throw new SimFault('InvalidParameterValue', `Invalid security group name: '${name.slice(0, 255)}'`);
  if (name.toLowerCase() === 'default')
    throw new SimFault('InvalidGroup.Reserved', `The security group '${name}' is reserved`);
  if (state.groupByName.has(name))
    throw new SimFault(
      'InvalidGroup.Duplicate',
      `The security group '${name}' already exists for VPC '${state.vpcId}'`,
    );
  if (state.groups.size >= state.quotas.groups)
    throw new SimFault('SecurityGroupLimitExceeded', `You have reached the limit of ${state.quotas.groups} groups`);
  const description = request.description ?? name;
  return addGroup(state, { id: state.ids.next('sg'), name, description, tags: request.tags ?? {} }, []);
}

/** Deletes a group that no ENI has and no rule of another group names. */
export function deleteGroup(state: VpcState, id: string): void {
  const group = needGroup(state, id);
  if (id === state.defaultGroupId)
    throw new SimFault('CannotDelete', `the specified group: "${id}" name: "default" cannot be deleted by a user`);
  if (state.postings.find('group-id', id).size > 0 || (state.groupMentions.get(id) ?? 0) > 0)
    throw new SimFault('DependencyViolation', `resource ${id} has a dependent object`);
  mention(state, group, group.rules, -1);
  state.groups.delete(id);
  state.groupByName.delete(group.name);
  state.emit({ kind: 'group-deleted', groupId: id });
}

/** Adds rules, all or none; answers with them as they are now. */
export function authorizeRules(
  state: VpcState,
  request: { readonly groupId: string; readonly rules: readonly RuleRequest[] },
): readonly SimSecurityRule[] {
  const group = needGroup(state, request.groupId);
  const wanted = request.rules.map(canonical);
  for (const { peer } of wanted) if ('groupId' in peer) needGroup(state, peer.groupId);
  if (new Set(wanted.map(ruleKey)).size < wanted.length)
    throw new SimFault('InvalidParameterValue', 'The same permission must not appear multiple times');
  const known = new Set(group.rules.map(ruleKey));
  const twice = wanted.find((rule) => known.has(ruleKey(rule)));
  if (twice !== undefined)
    throw new SimFault('InvalidPermission.Duplicate', `the specified rule "${describe(twice)}" already exists`);
  const rules = wanted.map((rule) => ({ ...rule, id: state.ids.next('sgr') }));
  const all = [...group.rules, ...rules];
  needFewRules(state, all);
  mention(state, group, rules, 1);
  putGroup(state, { ...group, rules: all });
  return rules;
}

/** Takes rules away, all or none. */
export function revokeRules(state: VpcState, request: RevokeRequest): SimSecurityGroup {
  const group = needGroup(state, request.groupId);
  const gone = new Set('ruleIds' in request ? request.ruleIds.map((id) => findById(group, id)) : []);
  if ('rules' in request) for (const rule of request.rules) gone.add(findAlike(group, rule));
  mention(state, group, [...gone], -1);
  return putGroup(state, { ...group, rules: group.rules.filter((rule) => !gone.has(rule)) });
}

/** The ids an ENI gets, each once, or EC2's complaint about them. */
export function needEniGroups(state: VpcState, ids: readonly string[]): readonly string[] {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) throw new SimFault('InvalidParameterValue', 'A network interface needs a security group');
  for (const id of wanted) needGroup(state, id);
  const limit = state.quotas.groupsPerEni;
  if (wanted.length > limit)
    throw new SimFault(
      'SecurityGroupsPerInterfaceLimitExceeded',
      `You have exceeded the number of VPC security groups allowed per network interface: ${limit}`,
    );
  return wanted;
}

function addGroup(
  state: VpcState,
  group: Omit<SimSecurityGroup, 'rules'>,
  ingress: readonly RuleRequest[],
): SimSecurityGroup {
  const everywhere = state.cidrs6.size > 0 ? [ANYWHERE, ANYWHERE6] : [ANYWHERE];
  const rules = [...ingress, ...everywhere.map(outwards)].map((rule) => ({ ...rule, id: state.ids.next('sgr') }));
  state.groupByName.set(group.name, group.id);
  return putGroup(state, { ...group, rules });
}

function outwards(cidr: Cidr): RuleRequest {
  return { ...ALL, direction: 'egress', peer: { cidr } };
}

function putGroup(state: VpcState, group: SimSecurityGroup): SimSecurityGroup {
  state.groups.set(group.id, group);
  state.emit({ kind: 'group-changed', group });
  return group;
}

/** A rule that names its own group does not keep it alive. */
function mention(state: VpcState, group: SimSecurityGroup, rules: readonly SimSecurityRule[], more: 1 | -1): void {
  for (const { peer } of rules) {
    if (!('groupId' in peer) || peer.groupId === group.id) continue;
    const count = (state.groupMentions.get(peer.groupId) ?? 0) + more;
    if (count === 0) state.groupMentions.delete(peer.groupId);
    else state.groupMentions.set(peer.groupId, count);
  }
}

function needFewRules(state: VpcState, rules: readonly SimSecurityRule[]): void {
  const limit = state.quotas.rulesPerDirection;
  const counts = new Map<string, number>();
  for (const rule of rules)
    for (const family of familiesOf(rule)) {
      const key = `${rule.direction} ${family}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  if ([...counts.values()].some((count) => count > limit))
    throw new SimFault(
      'RulesPerSecurityGroupLimitExceeded',
      `The maximum number of rules per security group has been reached: ${limit} a direction`,
    );
}

/** A rule that names a group counts for both families. */
function familiesOf({ peer }: SimSecurityRule): readonly (4 | 6)[] {
  if (!('cidr' in peer)) return [4, 6];
  return isIpv4Cidr(peer.cidr) ? [4] : [6];
}

function findById(group: SimSecurityGroup, id: string): SimSecurityRule {
  const rule = group.rules.find((one) => one.id === id);
  if (rule === undefined)
    throw new SimFault('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);
  return rule;
}

function findAlike(group: SimSecurityGroup, wanted: RuleRequest): SimSecurityRule {
  const key = ruleKey(canonical(wanted));
  const rule = group.rules.find((one) => ruleKey(one) === key);
  if (rule === undefined)
    throw new SimFault('InvalidPermission.NotFound', 'The specified rule does not exist in this security group');
  return rule;
}

/** EC2 keeps networks by their first address: 100.68.0.18/18 is 100.68.0.0/18 (API reference, IpRange). */
function canonical(rule: RuleRequest): RuleRequest {
  if (!('cidr' in rule.peer)) return rule;
  const { cidr } = rule.peer;
  return { ...rule, peer: { cidr: isIpv4Cidr(cidr) ? networkOf(cidr) : ipv6NetworkOf(cidr) } };
}

/** Two rules are the same rule when everything but id and description is. */
function ruleKey(rule: RuleRequest): string {
  return `${rule.direction} ${describe(rule)}`;
}

function describe({ peer, protocol, fromPort, toPort }: RuleRequest): string {
  const who = 'cidr' in peer ? formatCidr(peer.cidr) : peer.groupId;
  return `peer: ${who}, ${protocol}, from port: ${fromPort ?? '-'}, to port: ${toPort ?? '-'}`;
}
