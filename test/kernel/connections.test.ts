import { expect } from 'bun:test';
import { parseIp } from '../../src/addr/index.ts';
import { applyPacketRules, forgetConnections } from '../../src/kernel/index.ts';
import { connectionsOf } from '../support/connections.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { INTERNET, ping, TestNode, wiringOf } from './pod-node.ts';

const A = '10.0.1.20';
const B = '10.0.1.90';

/** As our own rules and kube-proxy's have the kernel follow connections and translate them. */
const RULES = `table ip followed {
  chain services {
    type nat hook prerouting priority dstnat;
    iifname "eth0" ip daddr 10.0.1.5 icmp type echo-request dnat to ${A};
  }
  chain outbound { type nat hook postrouting priority srcnat; ip daddr ${INTERNET} snat to 10.0.1.5; }
}
table ip6 followed { chain seen { type filter hook input priority 0; ct state new accept; }; }
`;

/** Pings that must be answered, each a connection of its own. */
async function talk(pairs: readonly (readonly [TestNetns, string])[]): Promise<void> {
  const answers = await Promise.all(pairs.map(([from, target]) => ping(from, target)));
  expect(answers).toEqual(pairs.map(() => 'reached'));
}

const forget = (space: TestNetns, ...addresses: readonly string[]): Promise<void> =>
  forgetConnections(addresses.map(parseIp), space.netns);

kernelTest(
  'the connections of an address are forgotten, whoever began them and however they are translated',
  async () => {
    using node = new TestNode();
    using a = new TestNetns('a');
    using b = new TestNetns('b');
    node.deliver(A, 'eth0');
    node.deliver(B, 'eth1');
    node.wire(a, wiringOf('a', { address: A, table: 254 }));
    node.wire(b, wiringOf('b', { address: B, table: 2 }));
    await node.space.insideWith((exec) => applyPacketRules(exec, RULES));
    await talk([
      [a, INTERNET],
      [b, INTERNET],
      [a, B],
      [b, '10.0.1.1'],
      [node.router, A],
      [node.router, '10.0.1.5'],
      [node.space, A],
      [node.space, B],
    ]);
    expect(await connectionsOf(node.space)).toEqual(
      [
        `10.0.1.1 > ${A}`,
        `10.0.1.1 > ${A}`,
        `${A} > ${B}`,
        `${A} > ${INTERNET}`,
        `10.0.1.5 > ${A}`,
        `10.0.1.5 > ${B}`,
        `${B} > 10.0.1.1`,
        `${B} > ${INTERNET}`,
      ].toSorted(),
    );
    await forget(node.space, A);
    expect(await connectionsOf(node.space)).toEqual(
      [`10.0.1.5 > ${B}`, `${B} > 10.0.1.1`, `${B} > ${INTERNET}`].toSorted(),
    );
    await forget(node.space, '10.0.1.21', A);
    expect(await connectionsOf(node.space)).toHaveLength(3);
    await forget(node.space, A, B);
    expect(await connectionsOf(node.space)).toEqual([]);
  },
);

kernelTest('the same of IPv6', async () => {
  using host = new TestNetns('host');
  using pod = new TestNetns('pod');
  host.ip(`link add pod type veth peer name eth0 netns ${pod.name}`);
  for (const number of [1, 2]) host.ip(`addr add 2001:db8::${number}/64 dev pod nodad`);
  for (const number of [3, 4]) pod.ip(`addr add 2001:db8::${number}/64 dev eth0 nodad`);
  host.ip('link set pod up');
  pod.ip('link set eth0 up');
  await host.insideWith((exec) => applyPacketRules(exec, RULES));
  await talk([
    [host, '2001:db8::3'],
    [host, '2001:db8::4'],
  ]);
  const all = await connectionsOf(host, 'ipv6');
  const without = (...addresses: readonly string[]): readonly string[] =>
    all.filter((text) => !addresses.some((address) => text.includes(address)));
  expect([all.length, without('2001:db8::3').length]).toEqual([2, 1]);
  await forget(host, '2001:db8::3', A);
  expect(await connectionsOf(host, 'ipv6')).toEqual(without('2001:db8::3'));
  await forget(host, '2001:db8::1', '2001:db8::2');
  expect(await connectionsOf(host, 'ipv6')).toEqual([]);
});

kernelTest('thousands of connections of one address are forgotten, and none of another', async () => {
  using host = new TestNetns('host');
  await host.insideWith((exec) =>
    applyPacketRules(exec, 'table ip t { chain c { type filter hook input priority 0; ct state new accept; }; }\n'),
  );
  for (const number of [1, 2]) host.ip(`addr add 10.9.0.${number}/32 dev lo`);
  const flood = `const { createSocket } = require('node:dgram');
    for (const [address, count] of [['10.9.0.1', 3000], ['10.9.0.2', 60]]) {
      const socket = createSocket('udp4');
      await new Promise((bound) => socket.bind(0, address, bound));
      for (let port = 1; port <= count; port++) await new Promise((sent) => socket.send('x', 1024 + port, address, sent));
      socket.close();
    }`;
  host.run(process.execPath, '-e', flood);
  const count = async (address: string): Promise<number> =>
    (await connectionsOf(host)).filter((text) => text === `${address} > ${address}`).length;
  const [many, few] = [await count('10.9.0.1'), await count('10.9.0.2')];
  expect([many > 1_000, few > 20]).toEqual([true, true]);
  await forget(host, '10.9.0.1');
  expect([await count('10.9.0.1'), await count('10.9.0.2')]).toEqual([0, few]);
});
