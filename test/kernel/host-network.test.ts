import { expect } from 'bun:test';
import { hostCidr, parseIpv4 } from '../../src/addr/index.ts';
import { diffNetwork, podRules, type WantedNetwork } from '../../src/dataplane/index.ts';
import { applyPacketRules, applySteps, observeNetwork, removeHostNetwork } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { ping, stateOf, TestNode, wiringOf } from './pod-node.ts';

/** Takes the steps to what is wanted; returns how many there were. */
function repair(node: TestNode, wanted: WantedNetwork): number {
  const steps = diffNetwork(wanted, observeNetwork(node.socket));
  applySteps(node.socket, steps);
  return steps.length;
}

const B = wiringOf('sample-pod', { address: '10.0.1.90', table: 2 });
const withPod = (node: TestNode): WantedNetwork => ({
  ...node.wanted,
  podRules: B.hostRules,
  podRoutes: [B.hostRoute],
});

kernelTest('the second plan is empty, and so is one after any damage is repaired', async () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  node.deliver('10.0.1.90', 'eth1');
  node.wire(pod, B);
  const wanted = withPod(node);
  expect(repair(node, wanted)).toBe(0);
  const whole = stateOf(node.space);
  const damages: readonly (readonly string[])[] = [
    ['rule flush', 'rule add priority 32766 table main', 'rule add priority 32767 table default'],
    ['link set eth1 down'],
    ['link set eth1 mtu 1500'],
    [`link set ${B.veth.host.name} down`],
    ['addr flush dev eth1'],
    ['addr add 10.0.1.99/24 dev eth1'],
    ['addr flush dev eth1', 'addr add 10.0.1.99/24 dev eth1', 'addr add 10.0.1.77/24 dev eth1'],
    ['addr flush dev eth1', 'addr add 10.0.1.77/24 dev eth1'],
    ['addr add 10.0.1.77/32 dev eth1'],
    ['route flush table 2'],
    ['route replace default via 10.0.1.9 dev eth1 onlink table 2 proto 90'],
    ['route replace 10.0.1.90 dev eth1'],
    ['route add 10.0.1.91 dev eth1 proto 90', 'rule add priority 512 to 10.0.1.91 table main protocol 90'],
    ['rule add priority 1536 from 10.0.1.90 table 3 protocol 90'],
  ];
  for (const damage of damages) {
    for (const words of damage) node.space.ip(words);
    const steps = repair(node, wanted);
    // A flushed rule list comes back without the kernel's own protocol mark, which is none of our business.
    const state = stateOf(node.space).replaceAll(/(lookup (?:main|default)) proto (?:kernel|unspec|boot)/g, '$1');
    expect(`${damage.join('; ')}: ${state}`).toBe(
      `${damage.join('; ')}: ${whole.replaceAll(/(lookup (?:main|default)) proto (?:kernel|unspec|boot)/g, '$1')}`,
    );
    expect(steps).toBeGreaterThan(0);
    expect(repair(node, wanted)).toBe(0);
  }
  expect(await ping(pod, '10.0.1.1')).toBe('reached');
});

kernelTest('rules of a thousand pods come back in one repair', () => {
  using node = new TestNode();
  const addresses = Array.from({ length: 1000 }, (_, n) => parseIpv4(`10.0.${2 + (n >> 8)}.${n & 255}`));
  const wanted = { ...node.wanted, podRules: addresses.flatMap((address) => podRules(address, 2)) };
  expect([repair(node, wanted), repair(node, wanted), repair(node, node.wanted), repair(node, node.wanted)]).toEqual([
    2000, 0, 2000, 0,
  ]);
});

/** The rules and routes with our protocol number, and the links of pods. */
const marked = (space: TestNetns): readonly string[] => [
  ...lines(space.ip('-4 rule')).filter((line) => line.endsWith(' proto 90')),
  ...lines(space.ip('-4 route show table all proto 90')),
  ...lines(space.ip('-o link')).flatMap((line) => /^\d+: (eni\w+)/.exec(line)?.[1] ?? []),
];

kernelTest('removing the host network takes what is ours and leaves everybody else alone', async () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  const { space, socket } = node;
  applySteps(
    socket,
    diffNetwork(
      { links: [], addresses: [], routes: [], rules: [], podRules: [], podRoutes: [] },
      observeNetwork(socket),
    ),
  );
  for (const words of [
    'link add foreign0 type veth peer name foreign1',
    'link set foreign0 alias vpc-cnix group 7691 up',
    'link set foreign1 up',
    'addr add 172.16.0.1/24 dev foreign0',
    'route add 10.0.1.20 dev foreign0',
    'route add default via 172.16.0.2 dev foreign0 table 3 proto static',
    'route add blackhole 10.99.0.0/16 proto 90',
    'rule add priority 512 to 10.0.1.20 table main',
    'rule add priority 1536 from 10.0.1.20 table 3',
    'rule add priority 1024 fwmark 0x80/0x80 table main',
  ])
    space.ip(words);
  await space.insideWith((exec) => applyPacketRules(exec, 'table ip foreign { chain c { counter; }; }\n'));
  const before = [stateOf(space), space.run('nft', 'list', 'ruleset')];
  repair(node, node.wanted);
  node.wire(pod, B);
  const twin = { ...B.hostRoute, destination: hostCidr(parseIpv4('10.0.1.20')) };
  applySteps(
    socket,
    podRules(parseIpv4('10.0.1.20'), 3).map((rule) => ({ kind: 'add-rule', rule }) as const),
  );
  await space.insideWith((exec) => applyPacketRules(exec, 'table ip vpc-cni { comment "vpc-cni-host 00"; }\n'));
  expect(twin.link).toBe(B.veth.host.name);
  expect(marked(space)).toEqual([
    '512: from all to 10.0.1.90 lookup main proto 90',
    '512: from all to 10.0.1.20 lookup main proto 90',
    '1024: from all fwmark 0x80/0x80 lookup main proto 90',
    '1536: from 10.0.1.90 lookup 2 proto 90',
    '1536: from 10.0.1.20 lookup 3 proto 90',
    '32765: from 10.0.1.77 lookup 2 proto 90',
    'default via 10.0.1.1 dev eth1 table 2',
    '10.0.1.1 dev eth1 table 2 scope link',
    '10.0.1.90 dev enicc21c2d7785 scope link',
    // Somebody else's in spite of its number: none of ours is a blackhole.
    'blackhole 10.99.0.0/16',
    'enicc21c2d7785',
  ]);
  await space.insideWith(removeHostNetwork);
  expect([stateOf(space), space.run('nft', 'list', 'ruleset')]).toEqual(before);
  expect(lines(pod.ip('-brief link'))).toHaveLength(1);
  await space.insideWith(removeHostNetwork);
  expect([stateOf(space), space.run('nft', 'list', 'ruleset')]).toEqual(before);
});
