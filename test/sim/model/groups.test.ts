import { describe, expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import type { RuleRequest, SimEvent, SimSecurityGroup, SimVpc } from '../../../src/sim/model/index.ts';
import { cidr, cidr6, faultOf, smallVpc, subnetId } from './support.ts';

const https: RuleRequest = {
  ...{ direction: 'ingress', protocol: 'tcp', fromPort: 443, toPort: 443 },
  peer: { cidr: cidr('10.0.0.0/8') },
  description: '',
};

const render = ({ rules }: SimSecurityGroup): readonly string[] =>
  rules.map(({ direction, protocol, fromPort, peer }) => {
    const who = 'cidr' in peer ? formatCidr(peer.cidr) : peer.groupId;
    return `${direction} ${protocol} ${fromPort ?? 'all'} ${who}`;
  });

function withGroup(): { vpc: SimVpc; id: string; seen: SimEvent[] } {
  const vpc = smallVpc();
  const seen: SimEvent[] = [];
  vpc.observe((event) => seen.push(event));
  return { vpc, id: vpc.createSecurityGroup({ name: 'web', description: 'the web' }).id, seen };
}

describe('security groups', () => {
  test('the default one lets its members reach each other, a new one lets nothing in; both let everything out', () => {
    const { vpc, id } = withGroup();
    expect(render(vpc.securityGroup(vpc.defaultGroupId))).toEqual([
      `ingress -1 all ${vpc.defaultGroupId}`,
      'egress -1 all 0.0.0.0/0',
    ]);
    expect(render(vpc.securityGroup(id))).toEqual(['egress -1 all 0.0.0.0/0']);
  });

  test('IPv6 opens the way out of groups that nobody has changed', () => {
    const { vpc, id, seen } = withGroup();
    const strict = vpc.createSecurityGroup({ name: 'strict' });
    vpc.revokeRules({ groupId: strict.id, ruleIds: strict.rules.map((rule) => rule.id) });
    seen.length = 0;
    vpc.associateCidr({ ipv6: true });
    expect(render(vpc.securityGroup(id))).toEqual(['egress -1 all 0.0.0.0/0', 'egress -1 all ::/0']);
    expect(render(vpc.securityGroup(strict.id))).toEqual([]);
    expect(render(vpc.createSecurityGroup({ name: 'new' })).length).toBe(2);
    expect(seen.map(({ kind }) => kind)).toEqual(['vpc-changed', 'group-changed', 'group-changed', 'group-changed']);
  });

  test('rules come with ids and go by them, or by what they say', () => {
    const { vpc, id, seen } = withGroup();
    const ssh = { ...https, fromPort: 22, toPort: 22 };
    const [first, second] = vpc.authorizeRules({ groupId: id, rules: [https, ssh] });
    expect([first?.id, second?.id].every((rule) => rule?.startsWith('sgr-'))).toBe(true);
    vpc.revokeRules({ groupId: id, ruleIds: [first?.id ?? ''] });
    vpc.revokeRules({ groupId: id, rules: [{ ...ssh, description: 'another' }] });
    expect(render(vpc.securityGroup(id))).toEqual(['egress -1 all 0.0.0.0/0']);
    expect(seen.map(({ kind }) => kind)).toEqual(Array(4).fill('group-changed'));
  });

  const faults: readonly { name: string; code: string; run: (vpc: SimVpc, id: string) => unknown }[] = [
    { name: 'the same name twice', code: 'InvalidGroup.Duplicate', run: (v) => v.createSecurityGroup({ name: 'web' }) },
    {
      name: 'the name of the default',
      code: 'InvalidGroup.Reserved',
      run: (v) => v.createSecurityGroup({ name: 'Default' }),
    },
    { name: 'a name like an id', code: 'InvalidParameterValue', run: (v) => v.createSecurityGroup({ name: 'sg-1' }) },
    {
      name: 'one of two rules that is there already',
      code: 'InvalidPermission.Duplicate',
      run: (v, id) => {
        const known = v.securityGroup(id).rules;
        v.authorizeRules({ groupId: id, rules: [https, ...known] });
      },
    },
    {
      name: 'a rule with a group that is not there',
      code: 'InvalidGroup.NotFound',
      run: (v, groupId) => v.authorizeRules({ groupId, rules: [{ ...https, peer: { groupId: 'sg-0' } }] }),
    },
    {
      name: 'more rules than a group may have',
      code: 'RulesPerSecurityGroupLimitExceeded',
      run: (v, groupId) =>
        v.authorizeRules({ groupId, rules: Array.from({ length: 61 }, (_, port) => ({ ...https, fromPort: port })) }),
    },
    {
      name: 'revoking a rule that says something else',
      code: 'InvalidPermission.NotFound',
      run: (v, groupId) => v.revokeRules({ groupId, rules: [https] }),
    },
    {
      name: 'revoking a rule of another group',
      code: 'InvalidSecurityGroupRuleId.NotFound',
      run: (v, groupId) => {
        const ruleIds = v.securityGroup(v.defaultGroupId).rules.map((rule) => rule.id);
        v.revokeRules({ groupId, ruleIds });
      },
    },
    { name: 'deleting the default', code: 'CannotDelete', run: (v) => v.deleteSecurityGroup(v.defaultGroupId) },
    {
      name: 'deleting one that an ENI has',
      code: 'DependencyViolation',
      run: (v, id) => {
        v.createEni({ subnetId: subnetId(v), securityGroups: [id] });
        v.deleteSecurityGroup(id);
      },
    },
    {
      name: 'deleting one that another names',
      code: 'DependencyViolation',
      run: (v, id) => {
        v.authorizeRules({ groupId: v.defaultGroupId, rules: [{ ...https, peer: { groupId: id } }] });
        v.deleteSecurityGroup(id);
      },
    },
    {
      name: 'six groups on an ENI',
      code: 'SecurityGroupsPerInterfaceLimitExceeded',
      run: (v, id) => {
        const more = ['a', 'b', 'c', 'd', 'e'].map((name) => v.createSecurityGroup({ name }).id);
        v.createEni({ subnetId: subnetId(v), securityGroups: [id, ...more] });
      },
    },
  ];
  for (const { name, code, run } of faults)
    test(`refuses ${name}`, () => {
      const { vpc, id } = withGroup();
      expect([faultOf(() => run(vpc, id)), render(vpc.securityGroup(id))]).toEqual([code, ['egress -1 all 0.0.0.0/0']]);
    });

  test('IPv4 and IPv6 rules of a direction are counted apart', () => {
    const { vpc, id } = withGroup();
    const many = Array.from({ length: 60 }, (_, port) => ({ ...https, fromPort: port }));
    vpc.authorizeRules({ groupId: id, rules: many });
    const more: readonly RuleRequest[] = [
      { ...https, direction: 'egress' },
      { ...https, peer: { cidr: cidr6('2001:db8::/32') } },
    ];
    expect(vpc.authorizeRules({ groupId: id, rules: more }).length).toBe(2);
    const ofGroup = { ...https, peer: { groupId: id } };
    expect(faultOf(() => vpc.authorizeRules({ groupId: id, rules: [ofGroup] }))).toBe(
      'RulesPerSecurityGroupLimitExceeded',
    );
  });

  test('a group goes when nothing holds it, also one that names itself', () => {
    const { vpc, id, seen } = withGroup();
    vpc.authorizeRules({ groupId: id, rules: [{ ...https, peer: { groupId: id } }] });
    const other = vpc.createSecurityGroup({ name: 'db' }).id;
    const [named] = vpc.authorizeRules({ groupId: other, rules: [{ ...https, peer: { groupId: id } }] });
    vpc.revokeRules({ groupId: other, ruleIds: [named?.id ?? ''] });
    const eni = vpc.createEni({ subnetId: subnetId(vpc), securityGroups: [id] }).id;
    vpc.setSecurityGroups(eni, [other]);
    vpc.deleteSecurityGroup(id);
    expect(seen.at(-1)).toEqual({ kind: 'group-deleted', groupId: id });
    expect(faultOf(() => vpc.securityGroup(id))).toBe('InvalidGroup.NotFound');
    expect(vpc.createSecurityGroup({ name: 'web' }).id).not.toBe(id);
  });
});
