import { expect } from 'bun:test';
import { type PodWiring, podUnwiring } from '../../src/dataplane/index.ts';
import { applySteps, openPodNetns, wirePod } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { INTERNET, ping, TestNode, wiringOf } from './pod-node.ts';
import { outcome } from './refusals.ts';
import { wholeState } from './whole-state.ts';

const first = wiringOf('sample-pod', { address: '10.0.1.90', table: 2 });
/** Another pod, whose name has the same digest. */
const other: PodWiring = (() => {
  const wiring = wiringOf('other', { address: '10.0.1.20', table: 254 });
  return JSON.parse(JSON.stringify(wiring).replaceAll(wiring.veth.host.name, first.veth.host.name));
})();
const furtherOf = (ifName: string, address: string): PodWiring =>
  wiringOf('sample-pod', { address, table: 2 }, { ifName });

const unwire = (node: TestNode, { hostRoute, hostRules, veth }: PodWiring): unknown =>
  applySteps(
    node.socket,
    podUnwiring({ address: hostRoute.destination.address, rules: hostRules, link: veth.host.name }),
  );

kernelTest(
  'a pod whose link would have the name of a pod that lives cuts nobody off, and is served after it',
  async () => {
    using node = new TestNode();
    using a = new TestNetns('a');
    using b = new TestNetns('b');
    node.deliver('10.0.1.90', 'eth1');
    node.deliver('10.0.1.20', 'eth0');
    node.wire(a, first);
    const before = [wholeState(node.space), wholeState(b)];
    const says = `HOST_LINK_TAKEN the host's link ${first.veth.host.name}, which interface eth0 of this pod would have, is the host end of pod default/sample-pod`;
    expect(outcome(() => node.wire(b, other))).toBe(says);
    expect([wholeState(node.space), wholeState(b)]).toEqual(before);
    expect(await ping(a, INTERNET)).toBe('reached');
    unwire(node, first);
    node.wire(b, other);
    expect(await ping(b, INTERNET)).toBe('reached');
  },
);

kernelTest('of two interfaces of a pod whose names end with one number the second is refused', async () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  node.deliver('10.0.1.90', 'eth1');
  node.deliver('10.0.1.91', 'eth1');
  node.wire(pod, furtherOf('net1', '10.0.1.90'));
  const before = [wholeState(node.space), wholeState(pod)];
  expect(outcome(() => node.wire(pod, furtherOf('eth1', '10.0.1.91')))).toMatch(
    /^HOST_LINK_TAKEN .* interface eth1 .* is the host end of interface net1 of container c-sample-pod$/,
  );
  expect([wholeState(node.space), wholeState(pod)]).toEqual(before);
  node.wire(pod, furtherOf('eth2', '10.0.1.91'));
  expect(await ping(pod, '10.0.1.1')).toBe('reached');
});

kernelTest('an interface whose far end is in a third namespace is never taken for the end of a pair of ours', () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  using third = new TestNetns('third');
  node.space.ip(`link add ${first.veth.host.name} type veth peer name far`);
  // The number of the far end is also that of a link of the host that is about to go.
  const number = /^(\d+):/.exec(node.space.ip(`-o link show ${first.veth.host.name}`))?.[1];
  third.ip(`link add far index ${number} type veth peer name eth0 netns ${pod.name}`);
  const before = wholeState(pod);
  expect(outcome(() => node.wire(pod, first))).toMatch(/^IFNAME_TAKEN .* eth0 that is not ours$/);
  expect(wholeState(pod)).toBe(before);
});

kernelTest('a sandbox that goes, or is replaced, before it is wired costs nothing', () => {
  using node = new TestNode();
  using pod = new TestNetns('going');
  const before = wholeState(node.space);
  using netns = node.space.inside(() => openPodNetns(pod.netns.path));
  const wire = (): string => outcome(() => wirePod(node.socket, netns, first));
  const says = `CNI_NETNS CNI_NETNS ${pod.netns.path} cannot be used: it went while the call waited`;
  Bun.spawnSync(['ip', 'netns', 'delete', pod.name]);
  expect(wire()).toBe(says);
  Bun.spawnSync(['ip', 'netns', 'add', pod.name]);
  expect(wire()).toBe(says);
  expect(wholeState(node.space)).toBe(before);
});
