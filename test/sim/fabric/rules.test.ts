import { describe, expect, test } from 'bun:test';
import { parseIpv4 } from '../../../src/addr/index.ts';
import { renderConnections, renderDenial } from '../../../src/sim/fabric/connections.ts';
import { NOTHING } from '../../../src/sim/fabric/follower.ts';
import { planRules, type RuleState, renderRules } from '../../../src/sim/fabric/rules.ts';
import { renderSecurityRules } from '../../../src/sim/fabric/security-rules.ts';
import type { SimSecurityRule } from '../../../src/sim/model/types.ts';
import { branch, portsOf, primary, rule, secondary } from './support.ts';

const groups = new Map([
  ['sg-1', [rule('ingress', 'sg-1'), rule('egress', '0.0.0.0/0')]],
  ['sg-2', [rule('ingress', '10.0.0.0/16', { protocol: 'tcp', ports: [80, 80] })]],
]);
const state: RuleState = { ...NOTHING, groups, ports: portsOf(primary) };

/** SHA-1 of `sg-1`, and of `sg-1 sg-2`: what the chains of ports with these groups are called. */
const ONE = 'b188ee37575b';
const BOTH = 'd8b7ae34c804';

/** The plan without what a port does about connections: see the test of `renderConnections()`. */
const plan = (before: RuleState, after: RuleState): readonly string[] =>
  planRules(before, after).filter((line) => !line.includes(' ct direction '));

describe('planRules()', () => {
  test('the second plan is empty', () =>
    expect(planRules(state, { ...state, ports: portsOf({ ...primary }) })).toEqual([]));

  test('a first port brings its groups, and what it may send', () =>
    expect(plan(NOTHING, { ...state, groups: new Map([...groups].slice(0, 1)) })).toEqual([
      'add set inet vpc_fabric sg-1_ports { type ifname; }',
      'add chain inet vpc_fabric sg-1_egress',
      'add chain inet vpc_fabric sg-1_ingress',
      'add chain inet vpc_fabric eni1_egress',
      `add chain inet vpc_fabric egress_${ONE}`,
      'add chain inet vpc_fabric eni1_ingress',
      `add chain inet vpc_fabric ingress_${ONE}`,
      'add chain inet vpc_fabric hops_2',
      'add rule inet vpc_fabric sg-1_egress meta nfproto ipv4 accept',
      'add rule inet vpc_fabric sg-1_ingress meta mark 0x1 iifname @sg-1_ports accept',
      `add rule inet vpc_fabric egress_${ONE} jump sg-1_egress`,
      `add rule inet vpc_fabric egress_${ONE} counter name "denied_egress" drop`,
      `add rule inet vpc_fabric ingress_${ONE} jump sg-1_ingress`,
      `add rule inet vpc_fabric ingress_${ONE} counter name "denied_ingress" drop`,
      'add rule inet vpc_fabric hops_2 ip ttl set 2',
      'add rule inet vpc_fabric hops_2 ip6 hoplimit set 2',
      'add element inet vpc_fabric sources4 { "eni1" . 10.0.0.4 }',
      'add element inet vpc_fabric sources6 { "eni1" . 2600:1f00::4 }',
      'add element inet vpc_fabric public4 { 10.0.0.4 }',
      'add element inet vpc_fabric sg-1_ports { "eni1" }',
      'add element inet vpc_fabric egress_state { "eni1" : jump eni1_egress }',
      'add element inet vpc_fabric ingress_state { "eni1" : jump eni1_ingress }',
      `add element inet vpc_fabric egress { "eni1" : goto egress_${ONE} }`,
      `add element inet vpc_fabric ingress { "eni1" : goto ingress_${ONE} }`,
      'add element inet vpc_fabric hop_limits { "eni1" : goto hops_2 }',
    ]));

  const rows: readonly {
    readonly name: string;
    readonly before?: RuleState;
    readonly after: RuleState;
    readonly plan: readonly string[];
  }[] = [
    {
      name: 'a second port with the same groups shares their chains',
      after: { ...state, ports: portsOf(primary, secondary) },
      plan: [
        'add chain inet vpc_fabric eni2_egress',
        'add chain inet vpc_fabric eni2_ingress',
        'add element inet vpc_fabric sources4 { "eni2" . 10.0.0.5, "eni2" . 10.0.0.6, "eni2" . 10.0.0.16/28 }',
        'add element inet vpc_fabric sources6 { "eni2" . 2600:1f00:0:0:1::/80 }',
        'add element inet vpc_fabric sg-1_ports { "eni2" }',
        'add element inet vpc_fabric egress_state { "eni2" : jump eni2_egress }',
        'add element inet vpc_fabric ingress_state { "eni2" : jump eni2_ingress }',
        `add element inet vpc_fabric egress { "eni2" : goto egress_${ONE} }`,
        `add element inet vpc_fabric ingress { "eni2" : goto ingress_${ONE} }`,
        'add element inet vpc_fabric hop_limits { "eni2" : goto hops_2 }',
      ],
    },
    {
      name: 'an address more is one element',
      after: { ...state, ports: portsOf({ ...primary, addresses: [...primary.addresses, parseIpv4('10.0.0.9')] }) },
      plan: ['add element inet vpc_fabric sources4 { "eni1" . 10.0.0.9 }'],
    },
    {
      name: 'other groups: new chains, one switch in the maps, then the old chains go',
      after: { ...state, ports: portsOf({ ...primary, securityGroups: branch.securityGroups }) },
      plan: [
        `add chain inet vpc_fabric egress_${BOTH}`,
        `add chain inet vpc_fabric ingress_${BOTH}`,
        `add rule inet vpc_fabric egress_${BOTH} jump sg-1_egress`,
        `add rule inet vpc_fabric egress_${BOTH} jump sg-2_egress`,
        `add rule inet vpc_fabric egress_${BOTH} counter name "denied_egress" drop`,
        `add rule inet vpc_fabric ingress_${BOTH} jump sg-1_ingress`,
        `add rule inet vpc_fabric ingress_${BOTH} jump sg-2_ingress`,
        `add rule inet vpc_fabric ingress_${BOTH} counter name "denied_ingress" drop`,
        'delete element inet vpc_fabric egress { "eni1" }',
        'delete element inet vpc_fabric ingress { "eni1" }',
        'add element inet vpc_fabric sg-2_ports { "eni1" }',
        `add element inet vpc_fabric egress { "eni1" : goto egress_${BOTH} }`,
        `add element inet vpc_fabric ingress { "eni1" : goto ingress_${BOTH} }`,
        `flush chain inet vpc_fabric egress_${ONE}`,
        `flush chain inet vpc_fabric ingress_${ONE}`,
        `delete chain inet vpc_fabric egress_${ONE}`,
        `delete chain inet vpc_fabric ingress_${ONE}`,
      ],
    },
    {
      name: 'other rules touch their chain only',
      after: { ...state, groups: new Map([...groups, ['sg-2', [rule('ingress', '::/0', { protocol: 'icmpv6' })]]]) },
      plan: [
        'flush chain inet vpc_fabric sg-2_ingress',
        'add rule inet vpc_fabric sg-2_ingress meta nfproto ipv6 meta l4proto ipv6-icmp accept',
      ],
    },
    {
      name: 'a group nobody uses goes without a trace',
      after: { ...state, groups: new Map([...groups].slice(0, 1)) },
      plan: [
        'flush chain inet vpc_fabric sg-2_egress',
        'flush chain inet vpc_fabric sg-2_ingress',
        'delete chain inet vpc_fabric sg-2_egress',
        'delete chain inet vpc_fabric sg-2_ingress',
        'delete set inet vpc_fabric sg-2_ports',
      ],
    },
    {
      name: 'a group that a port has all along comes last: the port becomes its member',
      before: { ...state, groups: new Map(), ports: portsOf(primary) },
      after: { ...state, groups: new Map([['sg-1', []]]) },
      plan: [
        'add set inet vpc_fabric sg-1_ports { type ifname; }',
        'add chain inet vpc_fabric sg-1_egress',
        'add chain inet vpc_fabric sg-1_ingress',
        `flush chain inet vpc_fabric egress_${ONE}`,
        `flush chain inet vpc_fabric ingress_${ONE}`,
        `add rule inet vpc_fabric egress_${ONE} jump sg-1_egress`,
        `add rule inet vpc_fabric egress_${ONE} counter name "denied_egress" drop`,
        `add rule inet vpc_fabric ingress_${ONE} jump sg-1_ingress`,
        `add rule inet vpc_fabric ingress_${ONE} counter name "denied_ingress" drop`,
        'add element inet vpc_fabric sg-1_ports { "eni1" }',
      ],
    },
    {
      name: 'source check off, another hop limit',
      after: { ...state, ports: portsOf({ ...primary, sourceDestCheck: false, hopLimit: 1 }) },
      plan: [
        'add chain inet vpc_fabric hops_1',
        'add rule inet vpc_fabric hops_1 ip ttl set 1',
        'add rule inet vpc_fabric hops_1 ip6 hoplimit set 1',
        'delete element inet vpc_fabric hop_limits { "eni1" }',
        'add element inet vpc_fabric unchecked { "eni1" }',
        'add element inet vpc_fabric hop_limits { "eni1" : goto hops_1 }',
        'flush chain inet vpc_fabric hops_2',
        'delete chain inet vpc_fabric hops_2',
      ],
    },
    {
      name: 'a CIDR of the VPC more',
      after: { ...state, ground: { gateways: ['10.9.0.1'], cidrs: ['10.9.0.0/16'], ipv6Cidrs: ['2600:1f00::/56'] } },
      plan: [
        'add element inet vpc_fabric networks4 { 10.9.0.0/16 }',
        'add element inet vpc_fabric networks6 { 2600:1f00::/56 }',
      ],
    },
  ];
  for (const row of rows) test(row.name, () => expect(plan(row.before ?? state, row.after)).toEqual([...row.plan]));

  test('what comes goes again: the way back deletes what the way there added', () => {
    const after: RuleState = { ...state, ports: portsOf(primary, secondary, branch) };
    const elements = (plan: readonly string[]): readonly string[] =>
      plan
        .filter((line) => / element /.test(line))
        .map((line) => line.replace(/^\w+ /, '').replaceAll(/ : (goto|jump) \w+/g, ''));
    expect(elements(planRules(after, state))).toEqual(elements(planRules(state, after)));
  });
});

test('renderConnections() knows a connection by the half of its mark that is its side', () =>
  expect([
    ...renderConnections(0xa1, 'egress'),
    ...renderConnections(0xa1, 'ingress'),
    ...renderDenial('egress'),
  ]).toEqual([
    'ct state established ct direction original ct mark & 0xffff0000 == 0x00a10000 accept',
    'ct state established ct direction reply ct mark & 0x0000ffff == 0x000000a1 accept',
    'ct direction original ct mark set ct mark & 0x0000ffff | 0x00a10000',
    'ct direction reply ct mark set ct mark & 0xffff0000 | 0x000000a1',
    'ct state established ct direction original ct mark & 0x0000ffff == 0x000000a1 accept',
    'ct state established ct direction reply ct mark & 0xffff0000 == 0x00a10000 accept',
    'ct direction original ct mark set ct mark & 0xffff0000 | 0x000000a1',
    'ct direction reply ct mark set ct mark & 0x0000ffff | 0x00a10000',
    'ct direction original ct mark set ct mark & 0x0000ffff',
    'ct direction reply ct mark set ct mark & 0xffff0000',
    'counter name "denied_egress" drop',
  ]));

test('renderRules() replaces the whole table in one transaction', () =>
  expect(renderRules(state).split('\n').slice(0, 3)).toEqual([
    'table inet vpc_fabric',
    'delete table inet vpc_fabric',
    'table inet vpc_fabric {',
  ]));

describe('renderSecurityRules()', () => {
  const known = new Set(['sg-1']);
  const rows: readonly { readonly rule: SimSecurityRule; readonly text: string | undefined }[] = [
    { rule: rule('ingress', '0.0.0.0/0'), text: 'meta nfproto ipv4' },
    { rule: rule('egress', '::/0'), text: 'meta nfproto ipv6' },
    { rule: rule('ingress', '10.1.0.0/16'), text: 'ip saddr 10.1.0.0/16' },
    { rule: rule('egress', '10.1.0.7/32'), text: 'ip daddr 10.1.0.7/32' },
    { rule: rule('egress', '2001:db8::/32'), text: 'ip6 daddr 2001:db8::/32' },
    { rule: rule('ingress', 'sg-1'), text: 'meta mark 0x1 iifname @sg-1_ports' },
    { rule: rule('egress', 'sg-1'), text: 'oifname @sg-1_ports' },
    { rule: rule('ingress', 'sg-gone'), text: undefined },
    {
      rule: rule('ingress', '10.0.0.0/8', { protocol: 'tcp', ports: [443, 443] }),
      text: 'ip saddr 10.0.0.0/8 meta l4proto tcp tcp dport 443',
    },
    {
      rule: rule('ingress', '10.0.0.0/8', { protocol: '17', ports: [1, 9] }),
      text: 'ip saddr 10.0.0.0/8 meta l4proto udp udp dport 1-9',
    },
    {
      rule: rule('egress', '::/0', { protocol: 'tcp', ports: [0, 65_535] }),
      text: 'meta nfproto ipv6 meta l4proto tcp',
    },
    { rule: rule('egress', '::/0', { protocol: 'udp' }), text: 'meta nfproto ipv6 meta l4proto udp' },
    {
      rule: rule('ingress', '0.0.0.0/0', { protocol: 'icmp', ports: [8, -1] }),
      text: 'meta nfproto ipv4 meta l4proto icmp icmp type 8',
    },
    {
      rule: rule('ingress', '0.0.0.0/0', { protocol: 'icmp', ports: [3, 4] }),
      text: 'meta nfproto ipv4 meta l4proto icmp icmp type 3 icmp code 4',
    },
    {
      rule: rule('ingress', '::/0', { protocol: '58', ports: [-1, -1] }),
      text: 'meta nfproto ipv6 meta l4proto ipv6-icmp',
    },
    { rule: rule('ingress', '0.0.0.0/0', { protocol: '50' }), text: 'meta nfproto ipv4 meta l4proto 50' },
  ];
  for (const row of rows)
    test(`${row.rule.direction} ${row.text ?? 'of a group that is gone: nothing'}`, () => {
      expect(renderSecurityRules([row.rule], row.rule.direction, known)).toEqual(
        row.text === undefined ? [] : [`${row.text} accept`],
      );
      expect(renderSecurityRules([row.rule], row.rule.direction === 'egress' ? 'ingress' : 'egress', known)).toEqual(
        [],
      );
    });
});
