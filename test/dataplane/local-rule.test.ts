import { expect, test } from 'bun:test';
import { parseCidr, parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import {
  diffNetwork,
  type ForeignRule,
  type ObservedNetwork,
  type Rule,
  wantedHostNetwork,
} from '../../src/dataplane/index.ts';
import { ruleText, stepsText } from './sample.ts';

const EVERYWHERE = parseCidr('::/0');
const KERNELS: readonly ForeignRule[] = [
  { rule: { priority: 0, table: 255 }, protocol: 2 },
  { rule: { priority: 0, from: EVERYWHERE, table: 255 }, protocol: 2 },
];

const host = (localLast: readonly ('ipv4' | 'ipv6')[]) => ({
  ...wantedHostNetwork({
    primaryLink: 'eth0',
    enis: [],
    externalServiceCidrs: [],
    mark: undefined,
    mtu: 9001,
    localLast,
  }),
  links: [],
  podRules: [],
  podRoutes: [],
});

const seen = (rules: readonly Rule[], foreignRules: readonly ForeignRule[]): ObservedNetwork => ({
  links: [],
  addresses: [],
  routes: [],
  foreignRoutes: [],
  rules,
  foreignRules,
});

const LAST: readonly Rule[] = [
  { priority: 20, table: 255 },
  { priority: 20, from: EVERYWHERE, table: 255 },
];

test('where the local table comes last, ours is there before the kernel’s goes', () => {
  expect(stepsText(diffNetwork(host(['ipv4', 'ipv6']), seen([], KERNELS)))).toBe(`rule add 20: from all lookup 255
rule add 20: from ::/0 lookup 255
rule add 0: from fe80:ec2::1/128 ipproto 58 lookup 255
rule del 0: from all lookup 255 protocol 2
rule del 0: from ::/0 lookup 255 protocol 2`);
});

test('one family changes nothing of the other', () => {
  expect(stepsText(diffNetwork(host(['ipv4']), seen([], KERNELS)))).toBe(`rule add 20: from all lookup 255
rule del 0: from all lookup 255 protocol 2`);
});

test('afterwards nothing is to be done', () => {
  const wanted = host(['ipv4', 'ipv6']);
  expect(diffNetwork(wanted, seen(wanted.rules, []))).toEqual([]);
});

test('where it comes last no more, the kernel’s is back before ours goes', () => {
  expect(stepsText(diffNetwork(host([]), seen(LAST, [])))).toBe(`rule add 0: from all lookup 255 protocol 2
rule add 0: from ::/0 lookup 255 protocol 2
rule del 20: from all lookup 255
rule del 20: from ::/0 lookup 255`);
});

test('on an ordinary host nobody’s rule at priority 0 is touched, or made', () => {
  const others: readonly ForeignRule[] = [
    ...KERNELS,
    { rule: { priority: 0, from: parseIpv4Cidr('10.9.0.0/16'), table: 9 }, protocol: 4 },
  ];
  expect(diffNetwork(host([]), seen([], others))).toEqual([]);
  expect(diffNetwork(host([]), seen([], []))).toEqual([]);
});

test('a trunk has an address and a table of its own, and no rule that sends from it', () => {
  const eni = { link: 'eth2', primaryAddress: parseIpv4('10.0.1.99'), subnet: parseIpv4Cidr('10.0.1.0/24'), table: 3 };
  const wanted = wantedHostNetwork({
    primaryLink: 'eth0',
    enis: [{ ...eni, trunk: true }],
    externalServiceCidrs: [],
    mark: undefined,
    mtu: 9001,
  });
  expect(wanted.routes).toHaveLength(2);
  expect(wanted.addresses).toHaveLength(1);
  expect(wanted.rules.map(ruleText)).toEqual([]);
});
