import { expect, test } from 'bun:test';
import { parseIp, parseMac } from '../../src/addr/index.ts';
import {
  type BranchEni,
  branchTableOf,
  branchUnwiring,
  branchWiring,
  type EnforcingMode,
  isVlanAlias,
  modeOfHostEnd,
  readBranchAlias,
  readPodAlias,
} from '../../src/dataplane/index.ts';
import { nginx, stepsText } from './sample.ts';

const V4: BranchEni = {
  vlanId: 7,
  mac: parseMac('02:00:00:00:03:10'),
  address: parseIp('10.0.3.10'),
  gateway: parseIp('10.0.3.1'),
};
const V6: BranchEni = { ...V4, address: parseIp('2001:db8:3::10'), gateway: parseIp('fe80:ec2::1') };

const wiring = (mode: EnforcingMode, branch = V4) =>
  branchWiring({ pod: nginx, branch, mode, trunk: 'eth2', vethPrefix: 'eni', mtu: 9001 });

test('branchWiring() in strict mode: both directions by the table of the branch, by no other way', () => {
  expect(
    stepsText(wiring('strict').hostSteps),
  ).toBe(`link add link eth2 vlan.eth.7 address 02:00:00:00:03:10 type vlan id 7
link set vlan.eth.7 up alias "vpc-cni-branch aws-cni 0123abcd eth0"
route replace 10.0.3.1/32 dev vlan.eth.7 table 107
route replace 0.0.0.0/0 via 10.0.3.1 dev vlan.eth.7 table 107
link set vlanc440f455693 mtu 9001 up alias "vpc-cni aws-cni 0123abcd eth0 default/nginx branch 7 02:00:00:00:03:10 10.0.3.10 10.0.3.1"
route replace 10.0.3.10/32 dev vlanc440f455693 table 107
rule add 10: from all iif vlan.eth.7 lookup 107
rule add 10: from all iif vlanc440f455693 lookup 107`);
});

test('branchWiring() in standard mode: packets from outside and to it by the branch, on the node by main', () => {
  expect(
    stepsText(wiring('standard').hostSteps),
  ).toBe(`link add link eth2 vlan.eth.7 address 02:00:00:00:03:10 type vlan id 7
link set vlan.eth.7 up alias "vpc-cni-branch aws-cni 0123abcd eth0"
route replace 10.0.3.1/32 dev vlan.eth.7 table 107
route replace 0.0.0.0/0 via 10.0.3.1 dev vlan.eth.7 table 107
link set enic440f455693 mtu 9001 up alias "vpc-cni aws-cni 0123abcd eth0 default/nginx branch 7 02:00:00:00:03:10 10.0.3.10 10.0.3.1"
route replace 10.0.3.10/32 dev enic440f455693 table 254
rule add 512: from all to 10.0.3.10/32 lookup 254
rule add 1536: from 10.0.3.10/32 lookup 107`);
});

test('branchWiring() of an IPv6 pod: its rules say that they are of IPv6, for nothing else in them does', () => {
  const { hostSteps, podSteps } = wiring('strict', V6);
  expect(
    stepsText(hostSteps)
      .split('\n')
      .slice(-4)
      .map((line) => line.replace(/lladdr \S+/, 'lladdr M')),
  ).toEqual([
    'neigh replace 2001:db8:3::10 lladdr M dev vlanc440f455693 nud permanent',
    'route replace 2001:db8:3::10/128 dev vlanc440f455693 table 107',
    'rule add 10: from ::/0 iif vlan.eth.7 lookup 107',
    'rule add 10: from ::/0 iif vlanc440f455693 lookup 107',
  ]);
  expect(stepsText(podSteps)).toContain('addr add 2001:db8:3::10/128 dev eth0');
});

test('both links by which packets come take answers to senders that another route leads to', () => {
  const { branch, hostSysctls } = wiring('strict');
  const sysctls = (link: string) => ({
    [`net/ipv6/conf/${link}/accept_ra`]: '0',
    [`net/ipv6/conf/${link}/accept_redirects`]: '1',
    [`net/ipv6/conf/${link}/forwarding`]: '0',
    [`net/ipv4/conf/${link}/rp_filter`]: '2',
  });
  expect(branch?.vlan.sysctls).toEqual({
    ...sysctls('vlan.eth.7'),
    'net/ipv6/conf/vlan.eth.7/accept_dad': '0',
  });
  expect(hostSysctls).toEqual(sysctls('vlanc440f455693'));
});

test.each([
  [1, 101],
  [152, 252],
  [153, 5253],
  [154, 5254],
  [155, 5255],
  [156, 256],
  [4094, 4194],
])('VLAN %d has table %d: never one of the kernel, nor that of an ENI', (vlanId, table) => {
  expect(branchTableOf(vlanId)).toBe(table);
});

test('the alias of a host end gives the owner and the branch back, also of a pod whose name finds no room', () => {
  const alias = (name: string): string => {
    const { hostSteps } = branchWiring({
      pod: { ...nginx, containerId: 'f'.repeat(64), name },
      branch: V6,
      mode: 'strict',
      trunk: 'eth2',
      vethPrefix: 'eni',
      mtu: 9001,
    });
    const own = hostSteps.flatMap((step) => (step.kind === 'set-link' && step.alias ? step.alias : [])).at(-1) ?? '';
    expect(Buffer.byteLength(own)).toBeLessThanOrEqual(255);
    return own;
  };
  expect(readBranchAlias(alias('nginx'))).toEqual(V6);
  expect(readPodAlias(alias('nginx'))).toMatchObject({ namespace: 'default', name: 'nginx', ifName: 'eth0' });
  expect(readBranchAlias(alias('n'.repeat(200)))).toEqual(V6);
  expect(readPodAlias(alias('n'.repeat(200)))).toMatchObject({ name: undefined, ifName: 'eth0' });
});

test('an alias of anybody else has no branch in it', () => {
  expect(readBranchAlias('vpc-cni aws-cni c eth0 default/nginx')).toBeUndefined();
  expect(readBranchAlias('x branch 7 no-mac 10.0.3.10 10.0.3.1')).toBeUndefined();
  expect(readPodAlias('vpc-cni-branch aws-cni c eth0')).toBeUndefined();
  expect(isVlanAlias('vpc-cni-branch aws-cni c eth0')).toBe(true);
  expect([modeOfHostEnd('vlanc440f455693'), modeOfHostEnd('enic440f455693')]).toEqual(['strict', 'standard']);
});

test('branchUnwiring() takes away what the wiring made, and leaves what is another sandbox’s', () => {
  const wired = wiring('strict');
  expect(
    stepsText(branchUnwiring(wired, { hostEnd: true, replaced: false })),
  ).toBe(`rule del 10: from all iif vlan.eth.7 lookup 107
rule del 10: from all iif vlanc440f455693 lookup 107
route del 10.0.3.10/32 dev vlanc440f455693 table 107
route del 10.0.3.1/32 dev vlan.eth.7 table 107
route del 0.0.0.0/0 via 10.0.3.1 dev vlan.eth.7 table 107
link set vlanc440f455693 group 7690
link set vlan.eth.7 group 7690`);
  expect(stepsText(branchUnwiring(wired, { hostEnd: true, replaced: true }))).toBe(
    'link set vlanc440f455693 group 7690',
  );
  expect(branchUnwiring(wired, { hostEnd: false, replaced: true })).toEqual([]);
});
