import { expect, test } from 'bun:test';
import { parseCidr, parseIpv4, parseIpv4Cidr, parseIpv6 } from '../../src/addr/index.ts';
import { podRules, podUnwiring, podWiring, type Rule, rulesOfAddress } from '../../src/dataplane/index.ts';
import { nginx, ruleText, stepsText } from './sample.ts';

const address = parseIpv4('10.0.1.90');
const wired = (table: number) => podWiring({ pod: nginx, address, table, vethPrefix: 'eni', mtu: 9001 });

test('podWiring() of a pod on a secondary ENI, whole', () => {
  const { veth, hostRoute, hostRules, hostSteps, podSteps, hostSysctls, podSysctls } = wired(2);
  const { host, container } = veth;
  expect(veth).toEqual({
    host: { name: 'enic440f455693', mac: host.mac },
    container: { name: 'eth0', mac: container.mac },
    mtu: 9001,
  });
  expect(hostRoute).toEqual({ table: 254, destination: { address, prefixLength: 32 }, link: 'enic440f455693' });
  expect(hostRules.map(ruleText)).toEqual([
    '512: from all to 10.0.1.90/32 lookup 254',
    '1536: from 10.0.1.90/32 lookup 2',
  ]);
  expect(
    stepsText(hostSteps),
  ).toBe(`link set enic440f455693 mtu 9001 up alias "vpc-cni aws-cni 0123abcd eth0 default/nginx"
route replace 10.0.1.90/32 dev enic440f455693 table 254
rule add 512: from all to 10.0.1.90/32 lookup 254
rule add 1536: from 10.0.1.90/32 lookup 2`);
  expect(stepsText(podSteps)).toBe(`link set eth0 mtu 9001 up
addr add 10.0.1.90/32 dev eth0
route replace 169.254.1.1/32 dev eth0 table 254
route replace 0.0.0.0/0 via 169.254.1.1 dev eth0 table 254
neigh replace 169.254.1.1 lladdr ${host.mac} dev eth0 nud permanent`);
  expect(podSysctls).toEqual({});
  expect(hostSysctls).toEqual({
    'net/ipv6/conf/enic440f455693/accept_ra': '0',
    'net/ipv6/conf/enic440f455693/accept_redirects': '1',
    'net/ipv6/conf/enic440f455693/forwarding': '0',
  });
});

test('podWiring() of an IPv6 pod: the same, known to each other without asking', () => {
  const ipv6 = parseIpv6('2001:db8::90');
  const wiring = podWiring({ pod: nginx, address: ipv6, table: 2, vethPrefix: 'eni', mtu: 9001 });
  const { host, container } = wiring.veth;
  expect(
    stepsText(wiring.hostSteps),
  ).toBe(`link set enic440f455693 mtu 9001 up alias "vpc-cni aws-cni 0123abcd eth0 default/nginx"
neigh replace 2001:db8::90 lladdr ${container.mac} dev enic440f455693 nud permanent
route replace 2001:db8::90/128 dev enic440f455693 table 254
rule add 512: from all to 2001:db8::90/128 lookup 254
rule add 1536: from 2001:db8::90/128 lookup 2`);
  expect(stepsText(wiring.podSteps)).toBe(`link set eth0 mtu 9001 up
addr add 2001:db8::90/128 dev eth0
route replace fe80::1/128 dev eth0 table 254
route replace ::/0 via fe80::1 dev eth0 table 254
neigh replace fe80::1 lladdr ${host.mac} dev eth0 nud permanent`);
  expect(wiring.podSysctls).toEqual({ 'net/ipv6/conf/lo/disable_ipv6': '0', 'net/ipv6/conf/eth0/disable_ipv6': '0' });
  expect(wiring.hostSysctls).toEqual(wired(2).hostSysctls);
  expect(
    stepsText(podUnwiring({ address: ipv6, rules: podRules(ipv6, 254), link: 'enic440f455693' })),
  ).toBe(`rule del 512: from all to 2001:db8::90/128 lookup 254
route del 2001:db8::90/128 dev enic440f455693 table 254
link set enic440f455693 group 7690`);
  const others = ['2001:db8::9/128', '2001:db8::90/127'].map(
    (to): Rule => ({ priority: 512, to: parseCidr(to), table: 254 }),
  );
  expect(rulesOfAddress(ipv6, [...others, ...wiring.hostRules]).map(ruleText)).toEqual(wiring.hostRules.map(ruleText));
});

test('podWiring() of a pod on the primary ENI has no rule of its own source', () => {
  expect(wired(254).hostRules.map(ruleText)).toEqual(['512: from all to 10.0.1.90/32 lookup 254']);
});

test('podUnwiring() takes the rules first, then the route, and only marks the pair as dead', () => {
  const rules = podRules(address, 2);
  expect(
    stepsText(podUnwiring({ address, rules, link: 'enic440f455693' })),
  ).toBe(`rule del 512: from all to 10.0.1.90/32 lookup 254
rule del 1536: from 10.0.1.90/32 lookup 2
route del 10.0.1.90/32 dev enic440f455693 table 254
link set enic440f455693 group 7690`);
});

test('podUnwiring() of a host end that is gone or carries another pod touches rules alone', () => {
  expect(stepsText(podUnwiring({ address, rules: podRules(address, 254), link: undefined }))).toBe(
    'rule del 512: from all to 10.0.1.90/32 lookup 254',
  );
});

test('rulesOfAddress() finds what speaks of this one address, in any table', () => {
  const to = (text: string, table = 254): Rule => ({ priority: 512, to: parseIpv4Cidr(text), table });
  const from = (text: string, table: number): Rule => ({ priority: 1536, from: parseIpv4Cidr(text), table });
  const observed = [
    to('10.0.1.90/32'),
    to('10.0.1.9/32'),
    to('10.0.1.90/31'),
    from('10.0.1.90/32', 7),
    from('10.0.1.91/32', 7),
    { priority: 1024, mark: { value: 128, mask: 128 }, table: 254 },
  ];
  expect(rulesOfAddress(address, observed).map(ruleText)).toEqual([
    '512: from all to 10.0.1.90/32 lookup 254',
    '1536: from 10.0.1.90/32 lookup 7',
  ]);
});
