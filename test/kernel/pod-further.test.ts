import { expect, test } from 'bun:test';
import { parseIpv6 } from '../../src/addr/index.ts';
import { podWiring } from '../../src/dataplane/index.ts';
import { checkPod } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { ping, TestNode, wiringOf } from './pod-node.ts';

const first = wiringOf('pod', { address: '10.0.1.20', table: 254 }, { containerId: 'c1' });
const further = wiringOf('pod', { address: '10.0.1.90', table: 2 }, { containerId: 'c1', ifName: 'net1' });
test('the first interface has the gateway every pod sees, a further one its own, also by IPv6', () => {
  const gatewaysOf = (ifName: string, address: Parameters<typeof podWiring>[0]['address']) =>
    podWiring({
      pod: { network: 'n', namespace: undefined, name: undefined, containerId: 'c', ifName },
      address,
      table: 2,
      vethPrefix: 'eni',
      mtu: 9001,
    }).podSteps.flatMap((step) =>
      step.kind === 'replace-route' && step.route.gateway !== undefined
        ? [`${step.route.gateway} table ${step.route.table} metric ${step.route.metric ?? 0}`]
        : [],
    );
  const ipv6 = parseIpv6('2001:db8::1');
  expect(gatewaysOf('eth0', ipv6)).toEqual(['fe80::1 table 254 metric 0']);
  expect(gatewaysOf('net9', ipv6)).toEqual(['fe80::a table 9 metric 0', 'fe80::a table 254 metric 2048']);
  expect(gatewaysOf('x', ipv6)).toHaveLength(2);
});

kernelTest(
  'two interfaces of one pod: each is reached and answers by its own, and either lives without the other',
  async () => {
    using node = new TestNode();
    using pod = new TestNetns('pod');
    node.deliver('10.0.1.20', 'eth0');
    node.deliver('10.0.1.90', 'eth1');
    // As strict as it can be: an answer by the other interface would be dropped.
    pod.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.default.rp_filter=1');
    node.wire(pod, first);
    node.wire(pod, further);
    expect(first.veth.host.name).not.toBe(further.veth.host.name);
    const check = () => [first, further].map((wiring) => checkPod(node.socket, pod.netns, wiring));
    expect(check()).toEqual([undefined, undefined]);
    const pings = async () => [
      await ping(node.router, '10.0.1.20'),
      await ping(node.router, '10.0.1.90'),
      await ping(pod, '10.0.1.1'),
    ];
    expect(await pings()).toEqual(['reached', 'reached', 'reached']);
    // In the other order, and again: nothing of the first is taken by the second.
    node.wire(pod, further);
    node.wire(pod, first);
    expect(check()).toEqual([undefined, undefined]);
    pod.ip('rule delete priority 1536');
    expect(check()).toEqual([undefined, 'the pod lacks rule 1536: from 10.0.1.90/32 lookup 1']);
    node.wire(pod, further);
    expect(check()).toEqual([undefined, undefined]);
    node.space.ip(`link delete ${first.veth.host.name}`);
    expect((await pings()).slice(1)).toEqual(['reached', 'reached']);
    node.wire(pod, first);
    node.space.ip(`link delete ${further.veth.host.name}`);
    expect(await pings()).toEqual(['reached', 'lost', 'reached']);
  },
);
