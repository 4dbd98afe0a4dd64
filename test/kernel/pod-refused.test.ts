import { expect } from 'bun:test';
import { parseIp, parseIpv4, parseIpv6 } from '../../src/addr/index.ts';
import { egressWiring, type PodWiring, podWiring } from '../../src/dataplane/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { TestNode, wiringOf } from './pod-node.ts';
import { impossible, kernelSays, outcome, refusals } from './refusals.ts';
import { wholeState } from './whole-state.ts';

const POD = {
  network: 'aws-cni',
  containerId: 'c-sample-pod',
  ifName: 'eth0',
  namespace: 'default',
  name: 'sample-pod',
};
const PLACE = { table: 2, vethPrefix: 'eni', mtu: 9001 };
const ipv4 = wiringOf('sample-pod', { address: '10.0.1.90', table: 2 });
const further = podWiring({ pod: { ...POD, ifName: 'net1' }, address: parseIpv4('10.0.1.91'), ...PLACE });
const ipv6 = podWiring({ pod: POD, address: parseIpv6('2001:db8:1:0:b::1'), ...PLACE });
const egressOf = (family: 'ipv4' | 'ipv6', address: string): PodWiring =>
  egressWiring({ family, address: parseIp(address), pod: POD, podIfName: 'eth0', vethPrefix: 'eni', mtu: 9001 });
const ipv6Egress = egressOf('ipv6', 'fd00::ac:2');

const WIRINGS: Readonly<Record<string, { readonly wiring: PodWiring; readonly first?: PodWiring }>> = {
  'an IPv4 pod': { wiring: ipv4 },
  'a further interface': { wiring: further, first: ipv4 },
  'an IPv6 pod': { wiring: ipv6 },
  'IPv4 egress': { wiring: egressOf('ipv4', '169.254.172.2'), first: ipv6 },
  'IPv6 egress': { wiring: ipv6Egress, first: ipv4 },
};

/** A node whose links are settled, with IPv6. */
function quietNode(): TestNode {
  const node = new TestNode();
  node.space.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  return node;
}

for (const [name, { wiring, first }] of Object.entries(WIRINGS))
  kernelTest(`${name}: whatever step the kernel refuses is named, and host and pod are as before`, () => {
    using node = quietNode();
    using pod = new TestNetns('pod');
    if (first !== undefined) node.wire(pod, first);
    else pod.run('sysctl', '-qw', 'net.ipv6.conf.lo.disable_ipv6=1');
    const state = (): readonly string[] => [wholeState(node.space), wholeState(pod)];
    const before = state();
    const rows = refusals(wiring);
    for (const { at, wiring: refused, says } of rows) {
      expect(`${at}: ${outcome(() => node.wire(pod, refused))}`).toStartWith(`${at}: ${says}`);
      expect([at, ...state()]).toEqual([at, ...before]);
    }
    expect(rows.length).toBeGreaterThan(wiring.hostSteps.length + wiring.podSteps.length);
    // None of it has spoilt the ground for the one that is to come.
    node.wire(pod, wiring);
  });

interface Prepared {
  readonly name: string;
  readonly wiring: PodWiring;
  readonly host?: readonly string[];
  readonly pod?: readonly string[];
  readonly says: RegExp;
}

/** The wiring as it is, on a host or in a sandbox that somebody has made so that it cannot be. */
const PREPARED: readonly Prepared[] = [
  {
    name: 'the host has IPv6 turned off for new links',
    wiring: ipv6,
    host: ['sysctl -qw net.ipv6.conf.default.disable_ipv6=1'],
    says: new RegExp(
      `^NETLINK the kernel refused to set (neighbour|route) 2001:db8:1:0:b::1\\S* (on|dev) ${ipv6.veth.host.name}`,
    ),
  },
  {
    name: 'IPv6 egress on a host that has IPv6 turned off for new links',
    wiring: ipv6Egress,
    host: ['sysctl -qw net.ipv6.conf.default.disable_ipv6=1'],
    says: new RegExp(
      `^NETLINK the kernel refused to set (neighbour|route) fd00::ac:2\\S* (on|dev) ${ipv6Egress.veth.host.name}`,
    ),
  },
  {
    name: 'the sandbox has an interface of the name',
    wiring: ipv4,
    pod: ['ip link add eth0 type bridge'],
    says: /^IFNAME_TAKEN the namespace \S+ already has an interface eth0 that is not ours/,
  },
  {
    name: 'the host has a link of the name, which tells whose it is',
    wiring: ipv4,
    host: [`ip link add ${ipv4.veth.host.name} type bridge`, `ip link set ${ipv4.veth.host.name} alias mine up`],
    says: new RegExp(
      `^HOST_LINK_TAKEN the host's link ${ipv4.veth.host.name}, .* is somebody else's, with the alias "mine"`,
    ),
  },
  {
    name: 'both names are taken: the earlier sandbox keeps its pair',
    wiring: { ...ipv4, veth: { ...ipv4.veth, container: { ...ipv4.veth.container, name: 'eth7' } } },
    host: [`ip link add ${ipv4.veth.host.name} type veth peer name far`, `ip link set ${ipv4.veth.host.name} up`],
    pod: ['ip link add eth7 type bridge'],
    says: /^IFNAME_TAKEN .* eth7 /,
  },
];

for (const { name, wiring, host = [], pod: inPod = [], says } of PREPARED)
  kernelTest(`${name}: it is named, and nothing is changed`, () => {
    using node = quietNode();
    using pod = new TestNetns('pod');
    for (const words of host) node.space.run(...words.split(' '));
    for (const words of inPod) pod.run(...words.split(' '));
    const before = [wholeState(node.space), wholeState(pod)];
    expect(outcome(() => node.wire(pod, wiring))).toMatch(says);
    expect([wholeState(node.space), wholeState(pod)]).toEqual(before);
  });

kernelTest('what cannot be taken back does not hide what failed, nor keep the rest from going', () => {
  using node = quietNode();
  using pod = new TestNetns('pod');
  const before = wholeState(node.space);
  const stuck = { priority: 1536, table: 2, input: 'i'.repeat(40) };
  const bad = impossible(ipv4.podSteps[0] ?? { kind: 'set-link', link: 'eth0' });
  const wiring = { ...ipv4, hostRules: [stuck, ...ipv4.hostRules], podSteps: [bad] };
  expect(outcome(() => node.wire(pod, wiring))).toStartWith(kernelSays(bad));
  expect(wholeState(node.space)).toBe(before);
});
