import { expect } from 'bun:test';
import { branchUnwiring, type PodWiring } from '../../src/dataplane/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { applySteps, checkPod, openPodNetns, removeDeadLinks } from '../../src/kernel/index.ts';
import { lines, TestNetns } from '../support/netns.ts';
import { BranchNode, branchEni, branchOf, INTERNET_IPV6, vlanTest } from './branch-node.ts';
import { INTERNET, ping, stateOf, wiringOf } from './pod-node.ts';

const STRICT = branchOf('nginx', branchEni(7), 'strict');
const STANDARD = branchOf('nginx', branchEni(7), 'standard');
const ORDINARY = wiringOf('sample-pod', { address: '10.0.1.20', table: 254 });

/**
 * Host and routing state of both families, sorted: rules of one priority and what the kernel adds by itself are in the order
 * in which they came, and so are the numbers of links.
 */
const stateOfHost = ({ space }: BranchNode): string =>
  [
    stateOf(space).replaceAll(/^\d+ /gm, ''),
    ...['-6 rule', '-6 route show table all proto 90', '-6 neigh show nud permanent'].map((words) => space.ip(words)),
    // Whether it is in operation is found out later.
    space.ip('-d -o link show type vlan').replaceAll(/^\d+: | state [A-Z]+/gm, ''),
  ]
    .join('\n')
    .split('\n')
    .toSorted()
    .join('\n');

const check = (node: BranchNode, pod: TestNetns, wiring: PodWiring): string | undefined =>
  node.space.inside(() => {
    using netns = openPodNetns(pod.netns.path);
    return checkPod(node.socket, netns, wiring);
  });

vlanTest('a pod in strict mode gives exactly the rules, routes and links of the reference', () => {
  using node = new BranchNode();
  using pod = new TestNetns('s');
  const { space } = node;
  node.repair(node.want('strict', []));
  node.wire(pod, STRICT);
  expect(lines(space.ip('rule'))).toEqual([
    '10: from all iif vlan.eth.7 lookup 107 proto 90',
    '10: from all iif vlanc440f455693 lookup 107 proto 90',
    '20: from all lookup local proto 90',
    '1024: from all fwmark 0x80/0x80 lookup main proto 90',
    '32765: from 10.0.1.77 lookup 2 proto 90',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  expect(lines(space.ip('-6 rule')).slice(0, 2)).toEqual([
    // The guest has no names of protocols.
    expect.stringMatching(/^0: from fe80:ec2::1 ipproto (ipproto-58|ipv6-icmp) lookup local proto 90$/),
    '20: from all lookup local proto 90',
  ]);
  expect(lines(space.ip('route show table 107'))).toEqual([
    'default via 10.0.3.1 dev vlan.eth.7 proto 90',
    '10.0.3.1 dev vlan.eth.7 proto 90 scope link',
    '10.0.3.7 dev vlanc440f455693 proto 90 scope link',
  ]);
  expect(lines(space.ip('route show table main'))).not.toContainEqual(expect.stringContaining('10.0.3.'));
  expect(space.ip('-d -o link show vlan.eth.7')).toMatch(
    /vlan\.eth\.7@eth2: .*UP.* mtu 9001 .*ether 02:00:00:00:03:07 .*vlan protocol 802\.1Q id 7 /,
  );
  expect(check(node, pod, STRICT)).toBeUndefined();
  // It is all that the daemon wants: nothing is to be repaired.
  expect(node.repair(node.want('strict', [STRICT]))).toEqual([]);
});

vlanTest('in strict mode every packet of the pod, those to its own node too, goes by its branch ENI', async () => {
  using node = new BranchNode();
  using pod = new TestNetns('s');
  using second = new TestNetns('s2');
  using ordinary = new TestNetns('a');
  node.repair(node.want('strict', []));
  node.deliver('10.0.1.20', 'eth0');
  node.wire(pod, STRICT);
  node.wire(second, branchOf('other', branchEni(8), 'strict'));
  node.wire(ordinary, ORDINARY);
  const ways = [
    [pod, INTERNET],
    [pod, '10.0.1.5'],
    [node.space, '10.0.3.7'],
    [pod, '10.0.1.20'],
    [ordinary, '10.0.3.7'],
    [pod, '10.0.3.8'],
    [node.router, '10.0.3.7'],
    [ordinary, '10.0.1.5'],
  ] as const;
  const results = (): Promise<string[]> => Promise.all(ways.map(async ([from, to]) => `${to} ${await ping(from, to)}`));
  expect(await results()).toEqual(ways.map(([, to]) => `${to} reached`));
  // The VPC stops delivering to this branch ENI: nobody on the node is nearer than that.
  node.router.ip('link set trunk.7 down');
  expect(await results()).toEqual([...ways.slice(0, 7).map(([, to]) => `${to} lost`), '10.0.1.5 reached']);
});

vlanTest('in standard mode the node and its pods are reached on the node, all others by the branch ENI', async () => {
  using node = new BranchNode();
  using pod = new TestNetns('s');
  using ordinary = new TestNetns('a');
  node.deliver('10.0.1.20', 'eth0');
  node.wire(pod, STANDARD);
  node.wire(ordinary, ORDINARY);
  expect(lines(node.space.ip('rule')).slice(0, 3)).toEqual([
    '0: from all lookup local',
    '512: from all to 10.0.3.7 lookup main proto 90',
    '512: from all to 10.0.1.20 lookup main proto 90',
  ]);
  expect(lines(node.space.ip('rule'))).toContain('1536: from 10.0.3.7 lookup 107 proto 90');
  const ways = [
    [pod, INTERNET],
    [node.router, '10.0.3.7'],
    [pod, '10.0.1.5'],
    [node.space, '10.0.3.7'],
    [pod, '10.0.1.20'],
    [ordinary, '10.0.3.7'],
  ] as const;
  const results = (): Promise<string[]> => Promise.all(ways.map(async ([from, to]) => `${to} ${await ping(from, to)}`));
  expect(await results()).toEqual(ways.map(([, to]) => `${to} reached`));
  node.router.ip('link set trunk.7 down');
  expect(await results()).toEqual(ways.map(([, to], at) => `${to} ${at < 2 ? 'lost' : 'reached'}`));
});

vlanTest('IPv6 pods in both modes reach the world by their branch ENIs, whose router they ask who it is', async () => {
  using node = new BranchNode();
  using strict = new TestNetns('s');
  using standard = new TestNetns('t');
  const pods = [
    branchOf('nginx', branchEni(7, 'ipv6'), 'strict'),
    branchOf('other', branchEni(8, 'ipv6'), 'standard'),
  ] as const;
  node.repair(node.want('strict', []));
  node.wire(strict, pods[0]);
  node.wire(standard, pods[1]);
  const before = [stateOfHost(node)];
  expect(await ping(strict, INTERNET_IPV6)).toBe('reached');
  expect(await ping(standard, INTERNET_IPV6)).toBe('reached');
  expect(await ping(strict, '2001:db8:3::8')).toBe('reached');
  expect(await ping(node.router, '2001:db8:3::7')).toBe('reached');
  expect(node.repair(node.want('strict', pods))).toEqual([]);
  expect(before).toEqual([stateOfHost(node)]);
});

vlanTest('whatever is taken away of a pod with a branch ENI is made again, and nothing else changes', async () => {
  using node = new BranchNode();
  using pod = new TestNetns('s');
  node.repair(node.want('strict', []));
  node.wire(pod, STRICT);
  const wanted = node.want('strict', [STRICT]);
  const whole = stateOfHost(node);
  for (const words of [
    'link del vlan.eth.7',
    'link set vlan.eth.7 address 02:00:00:00:03:99',
    'link set vlan.eth.7 down',
    'rule del priority 10 iif vlan.eth.7',
    'rule del priority 10 iif vlanc440f455693',
    'route flush table 107',
    'route del default table 107',
    'route del 10.0.3.7 table 107',
    'rule add priority 0 protocol kernel table local',
    'rule del priority 20',
    '-6 rule del priority 0',
    'rule add priority 10 iif vlanc440f455693 table 109 protocol 90',
  ]) {
    node.space.ip(words);
    expect(`${words}: ${node.repair(wanted).length > 0}`).toBe(`${words}: true`);
    expect(stateOfHost(node)).toBe(whole);
    expect(node.repair(wanted)).toEqual([]);
  }
  expect(await ping(pod, INTERNET)).toBe('reached');
});

vlanTest('CHECK names the first thing of a branch ENI that is not as wired', () => {
  using node = new BranchNode();
  using pod = new TestNetns('s');
  node.repair(node.want('strict', []));
  const said = [
    'rule del priority 10 iif vlan.eth.7',
    'route del default table 107',
    'link set vlan.eth.7 down',
    'link del vlan.eth.7',
  ].map((words) => {
    node.wire(pod, STRICT);
    expect(check(node, pod, STRICT)).toBeUndefined();
    node.space.ip(words);
    return check(node, pod, STRICT);
  });
  expect(said).toEqual([
    'the host has no rule 10: from all iif vlan.eth.7 lookup 107',
    'the host has no route 0.0.0.0/0 via 10.0.3.1 dev vlan.eth.7 table 107',
    'link vlan.eth.7 is down',
    'the host has no link vlan.eth.7',
  ]);
});

vlanTest('wiring again changes nothing; after the DEL, and after an ADD that failed, nothing is left', async () => {
  using node = new BranchNode();
  using pod = new TestNetns('s');
  node.repair(node.want('strict', []));
  const before = stateOfHost(node);
  node.wire(pod, STRICT);
  const wired = stateOfHost(node);
  node.wire(pod, STRICT);
  expect(stateOfHost(node)).toBe(wired);
  applySteps(node.socket, branchUnwiring(STRICT, { hostEnd: true, replaced: false }));
  await node.space.insideWith(removeDeadLinks);
  expect(stateOfHost(node)).toBe(before);
  const { branch } = STRICT;
  const noTrunk = {
    ...STRICT,
    hostSteps: STRICT.hostSteps.map((step) =>
      step.kind === 'add-vlan' ? { ...step, vlan: { ...step.vlan, parent: 'eth9' } } : step,
    ),
  };
  const failures = [noTrunk, branch].flatMap((wiring) => {
    if (wiring === undefined || !('veth' in wiring)) return [];
    try {
      node.wire(pod, wiring);
      return ['none'];
    } catch (error) {
      return [error instanceof HostError ? error.message : String(error)];
    }
  });
  expect(failures).toEqual(['the kernel refused to make VLAN 7 on eth9: ENODEV (no link eth9)']);
  expect(stateOfHost(node)).toBe(before);
  expect(lines(pod.ip('-o link'))).toHaveLength(1);
});

vlanTest('the tag of a pod whose DEL has just been, or never came, is taken over by the next one', async () => {
  using node = new BranchNode();
  using first = new TestNetns('s');
  using second = new TestNetns('t');
  node.repair(node.want('strict', []));
  node.wire(first, branchOf('first', { ...branchEni(9), mac: branchEni(7).mac, vlanId: 7 }, 'strict'));
  const next = branchOf('next', branchEni(7), 'strict');
  applySteps(
    node.socket,
    branchUnwiring(branchOf('first', { ...branchEni(9), mac: branchEni(7).mac, vlanId: 7 }, 'strict'), {
      hostEnd: true,
      replaced: false,
    }),
  );
  node.wire(second, next);
  expect(await ping(second, INTERNET)).toBe('reached');
  // Another branch ENI, and nobody has unwired the one before.
  const stray = branchOf('stray', { ...branchEni(7), mac: branchEni(8).mac }, 'strict');
  node.wire(first, stray);
  expect(node.space.ip('-o link show vlan.eth.7')).toContain(branchEni(8).mac);
});
