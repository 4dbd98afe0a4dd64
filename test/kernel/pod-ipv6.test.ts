import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { IP_FAMILIES, parseIpv4, parseIpv4Cidr, parseIpv6 } from '../../src/addr/index.ts';
import { diffNetwork, podUnwiring, wantedHostNetwork } from '../../src/dataplane/index.ts';
import { applySteps, observeNetwork, removeHostNetwork } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { ping } from './pod-node.ts';
import { A, B, NODE, Node6, WORLD, wiringOf6 } from './pod-node-ipv6.ts';

const withoutLinkLocal = (space: TestNetns, words: string): readonly string[] =>
  lines(space.ip(words)).filter((line) => !/^(fe80::\/64|(local|anycast) fe80:|multicast)/.test(line));

kernelTest('an IPv6 pod on each ENI gives exactly the rules, routes, addresses and neighbours wanted', async () => {
  using node = new Node6();
  using a = new TestNetns('a6');
  using b = new TestNetns('b6');
  // As a runtime leaves a sandbox in which IPv6 is turned off.
  b.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  await node.wire(a, A);
  await node.wire(b, B);
  expect(lines(node.space.ip('-6 rule'))).toEqual([
    '0: from all lookup local',
    '512: from all to 2001:db8:1:0:a:: lookup main proto 90',
    '512: from all to 2001:db8:1:0:b::1 lookup main proto 90',
    '1536: from 2001:db8:1:0:b::1 lookup 2 proto 90',
    '32765: from 2001:db8:1::77 lookup 2 proto 90',
    '32766: from all lookup main',
  ]);
  expect(withoutLinkLocal(node.space, '-6 route')).toEqual([
    `${NODE} dev eth0 proto kernel metric 256 pref medium`,
    '2001:db8:1:0:a:: dev enic440f455693 proto 90 metric 1024 pref medium',
    '2001:db8:1:0:b::1 dev enicc21c2d7785 proto 90 metric 1024 pref medium',
    'default via fe80:ec2::1 dev eth0 metric 1024 pref medium',
  ]);
  expect(lines(node.space.ip('-6 route show table 2'))).toEqual([
    'fe80:ec2::1 dev eth1 proto 90 metric 1024 pref medium',
    'default via fe80:ec2::1 dev eth1 proto 90 metric 1024 pref medium',
  ]);
  expect(withoutLinkLocal(b, '-6 route')).toEqual([
    'fe80::1 dev eth0 proto 90 metric 1024 pref medium',
    'default via fe80::1 dev eth0 proto 90 metric 1024 pref medium',
  ]);
  const { host, container } = B.veth;
  expect(lines(b.ip('-6 neigh show nud permanent'))).toEqual([`fe80::1 dev eth0 lladdr ${host.mac} PERMANENT`]);
  expect(lines(node.space.ip(`-6 neigh show nud permanent dev ${host.name}`))).toEqual([
    `2001:db8:1:0:b::1 lladdr ${container.mac} PERMANENT`,
  ]);
  expect(lines(b.ip('-6 -o addr show dev eth0 scope global'))[0]).toMatch(
    / inet6 2001:db8:1:0:b::1\/128 scope global nodad noprefixroute \\/,
  );
  expect(lines(node.space.ip('-6 -o addr show dev eth1 scope global'))[0]).toMatch(/ inet6 2001:db8:1::77\/64 /);
  // Nothing of IPv4 in the pod, and no rule of a pod beside it.
  expect([lines(b.ip('-4 addr show dev eth0')), lines(b.ip('-4 route'))]).toEqual([[], []]);
  expect(lines(node.space.ip('-4 rule')).filter((line) => line.startsWith('512'))).toEqual([]);
  const sysctl = (key: string): string =>
    node.space.inside(() => readFileSync(`/proc/sys/net/ipv6/conf/${host.name}/${key}`, 'utf8').trim());
  expect(['accept_ra', 'accept_redirects', 'forwarding'].map(sysctl)).toEqual(['0', '1', '0']);
  expect([node.check(a, A), node.check(b, B)]).toEqual([undefined, undefined]);
  expect(node.repair(A, B)).toBe(0);
});

kernelTest('IPv6 pods, the node and the world reach each other from the first packet on', async () => {
  using node = new Node6();
  using a = new TestNetns('a6');
  using b = new TestNetns('b6');
  await node.wire(a, A);
  await node.wire(b, B);
  const ways = [
    [a, '2001:db8:1:0:b::1'],
    [b, '2001:db8:1:0:a::'],
    [node.space, '2001:db8:1:0:a::'],
    [node.space, '2001:db8:1:0:b::1'],
    [a, NODE],
    [b, NODE],
    [a, WORLD],
    [b, WORLD],
    [node.router, '2001:db8:1:0:a::'],
    [node.router, '2001:db8:1:0:b::1'],
  ] as const;
  expect(await Promise.all(ways.map(async ([from, to]) => `${to} ${await ping(from, to)}`))).toEqual(
    ways.map(([, to]) => `${to} reached`),
  );
});

kernelTest('an IPv6 pod that is damaged is named, and wired or repaired again as it was', async () => {
  using node = new Node6();
  using b = new TestNetns('b6');
  await node.wire(b, B);
  const state = (): readonly string[] =>
    [
      ...['-6 rule', '-6 route show table all', '-6 neigh show nud permanent'].flatMap((words) =>
        withoutLinkLocal(node.space, words),
      ),
      ...['-6 route', '-6 neigh show nud permanent', '-6 -o addr show scope global'].flatMap((words) =>
        withoutLinkLocal(b, words),
      ),
    ].sort();
  const before = state();
  const { host } = B.veth;
  const damages = [
    ['host', '-6 rule del priority 1536', 'the host has no rule 1536: from 2001:db8:1:0:b::1/128 lookup 2'],
    ['host', '-6 rule del priority 512', 'the host has no rule 512: from all to 2001:db8:1:0:b::1/128 lookup 254'],
    ['host', '-6 route del 2001:db8:1:0:b::1', `the host has no route 2001:db8:1:0:b::1/128 dev ${host.name}`],
    ['pod', '-6 addr del 2001:db8:1:0:b::1/128 dev eth0', 'interface eth0 lacks address 2001:db8:1:0:b::1/128'],
    ['pod', '-6 route del default', 'the pod lacks route ::/0 via fe80::1'],
    ['pod', '-6 route del fe80::1', 'the pod lacks route fe80::1/128'],
    ['pod', '-6 neigh del fe80::1 dev eth0', `the pod's neighbour fe80::1 is missing, not ${host.mac}`],
  ] as const;
  for (const [side, damage, says] of damages) {
    (side === 'host' ? node.space : b).ip(damage);
    expect(node.check(b, B)).toBe(says);
    if (side === 'host') node.repair(B);
    else await node.wire(b, B);
    expect([node.check(b, B), state()]).toEqual([undefined, before]);
  }
});

kernelTest('an address of an IPv6 pod that is gone goes to another pod, and only ours is ever removed', async () => {
  using node = new Node6();
  using a = new TestNetns('a6');
  using next = new TestNetns('next6');
  node.space.ip('-6 rule add to 2001:db8:1:0:c::1 lookup 9 priority 512');
  node.space.ip('-6 rule add fwmark 0x80/0x80 lookup 254 priority 1024');
  node.space.ip('-6 route add 2001:db8:1:0:c::1 dev eth1');
  const foreign = lines(node.space.ip('-6 rule')).filter((line) => !line.includes('proto 90'));
  await node.wire(a, A);
  applySteps(
    node.socket,
    podUnwiring({ address: parseIpv6('2001:db8:1:0:a::'), rules: A.hostRules, link: A.veth.host.name }),
  );
  expect(lines(node.space.ip('-6 rule')).filter((line) => line.includes('2001:db8:1:0:a::'))).toEqual([]);
  expect(lines(node.space.ip('-6 route show 2001:db8:1:0:a::/128'))).toEqual([]);
  const again = wiringOf6('another', '2001:db8:1:0:a::', 254);
  await node.wire(next, again);
  expect(await ping(next, WORLD)).toBe('reached');
  await node.space.insideWith(removeHostNetwork);
  const left = observeNetwork(node.socket, IP_FAMILIES);
  expect([left.rules, left.routes]).toEqual([[], []]);
  expect(lines(node.space.ip('-6 rule'))).toEqual([...foreign]);
  expect(lines(node.space.ip('-6 route show 2001:db8:1:0:c::1'))).toHaveLength(1);
});

kernelTest('a rule of IPv6 without networks is not taken for the one of IPv4', async () => {
  using node = new Node6();
  node.space.ip('-6 rule add fwmark 0x80/0x80 lookup 254 priority 1024 protocol 90');
  const mark = { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 };
  const wanted = { ...node.host, rules: [...node.host.rules, mark], podRules: [], podRoutes: [] };
  const steps = diffNetwork(wanted, observeNetwork(node.socket, IP_FAMILIES));
  expect(steps.map(({ kind }) => kind)).toEqual(['add-rule', 'remove-rule']);
  applySteps(node.socket, steps);
  const marks = ['-4 rule', '-6 rule'].map((words) =>
    lines(node.space.ip(words)).filter((line) => /fwmark/.test(line)),
  );
  expect(marks).toEqual([['1024: from all fwmark 0x80/0x80 lookup main proto 90'], []]);
});

kernelTest('with pods of IPv4 nothing of IPv6 on an ENI is touched', async () => {
  using node = new Node6();
  const [eni] = [
    { link: 'eth1', primaryAddress: parseIpv4('10.0.1.77'), subnet: parseIpv4Cidr('10.0.1.0/24'), table: 2 },
  ];
  const host = wantedHostNetwork({
    ...{ primaryLink: 'eth0', enis: [eni], externalServiceCidrs: [], mark: undefined, mtu: 9001 },
  });
  const steps = diffNetwork({ ...host, podRules: [], podRoutes: [] }, observeNetwork(node.socket));
  expect(steps).toEqual([]);
});

kernelTest(
  'the neighbour and the MAC of a pod that somebody took away come back, no other entry is touched',
  async () => {
    using node = new Node6();
    using a = new TestNetns('a6');
    await node.wire(a, A);
    const { host, container } = A.veth;
    const { address } = A.hostRoute.destination;
    const pods = {
      ...{ podRules: A.hostRules, podRoutes: [A.hostRoute] },
      podNeighbours: [{ link: host.name, address, mac: container.mac }],
      podMacs: [{ link: host.name, mac: host.mac }],
    };
    const repair = (): number =>
      applySteps(node.socket, diffNetwork({ ...node.host, ...pods }, observeNetwork(node.socket, IP_FAMILIES))).length;
    node.space.ip(`-6 neigh replace 2001:db8:9::9 lladdr 02:00:00:00:00:99 dev ${host.name} nud permanent`);
    const state = (): readonly string[] => [
      ...lines(node.space.ip('-6 neigh show nud permanent')),
      ...lines(node.space.ip(`-brief link show dev ${host.name}`)),
    ];
    const whole = state();
    expect(repair()).toBe(0);
    for (const words of [
      `-6 neigh del ${address} dev ${host.name}`,
      `-6 neigh replace ${address} lladdr 02:00:00:00:00:98 dev ${host.name} nud permanent`,
      `-6 neigh replace ${address} lladdr ${container.mac} dev ${host.name} nud stale`,
    ]) {
      node.space.ip(words);
      expect([words, repair(), state(), repair()]).toEqual([words, 1, whole, 0]);
    }
    // A link that gets another MAC loses all its entries, here also the one that was set since.
    node.space.ip(`link set ${host.name} address 02:00:00:00:00:97`);
    node.space.ip(`-6 neigh replace ${address} lladdr ${container.mac} dev ${host.name} nud permanent`);
    expect([repair(), state(), repair()]).toEqual([2, whole.filter((line) => !line.includes(':99 ')), 0]);
  },
);
