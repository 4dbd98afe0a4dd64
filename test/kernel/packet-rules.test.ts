import { expect } from 'bun:test';
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { type PacketRulesInput, packetRules } from '../../src/dataplane/index.ts';
import { applyPacketRules, packetRulesDigest, removePacketRules } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { INTERNET, PRIMARY_ADDRESS, TestNode, wiringOf } from './pod-node.ts';

const VPC = parseIpv4Cidr('10.0.0.0/16');
const usual: PacketRulesInput = {
  primaryLink: 'eth0',
  primaryAddress: PRIMARY_ADDRESS,
  vethPrefix: 'eni',
  mark: 0x80,
  exemptCidrs: [VPC],
  externalSnat: false,
  randomize: 'prng',
  nodePort: true,
};
const excluding = (...cidrs: readonly string[]): Partial<PacketRulesInput> => ({
  exemptCidrs: [VPC, ...cidrs.map(parseIpv4Cidr)],
});

const load = (space: TestNetns, change: Partial<PacketRulesInput> = {}): Promise<void> =>
  space.insideWith((exec) => applyPacketRules(exec, packetRules({ ...usual, ...change }).script));

kernelTest('every form of the rules loads over every other, is recognised, and is removed alone', async () => {
  using space = new TestNetns('nft');
  const FOREIGN = 'table ip kube-proxy { chain nat { type nat hook prerouting priority dstnat; }; }\n';
  await space.insideWith((exec) => applyPacketRules(exec, FOREIGN));
  const foreign = space.run('nft', 'list', 'ruleset');
  const digest = async (): Promise<string | undefined> => {
    let found: string | undefined;
    await space.insideWith(async (exec) => {
      found = await packetRulesDigest(exec);
    });
    return found;
  };
  expect(await digest()).toBeUndefined();
  const changes: readonly Partial<PacketRulesInput>[] = [
    {},
    { externalSnat: true },
    { externalSnat: true, nodePort: false },
    { nodePort: false },
    { randomize: 'hashrandom' },
    { randomize: 'none' },
    { exemptCidrs: [] },
    { vethPrefix: 'v', mark: 0x80000000 },
    excluding('10.0.7.0/24', '0.0.0.0/1', '192.168.1.1/32'),
    excluding('0.0.0.0/0'),
    excluding(...Array.from({ length: 200 }, (_, n) => `172.16.${n}.0/24`)),
  ];
  for (const change of [...changes, ...changes.toReversed()]) {
    await load(space, change);
    const listed = space.run('nft', 'list', 'ruleset');
    expect(await digest()).toBe(packetRules({ ...usual, ...change }).digest);
    await load(space, change);
    expect(space.run('nft', 'list', 'ruleset')).toBe(listed);
  }
  await space.insideWith(removePacketRules);
  await space.insideWith(removePacketRules);
  expect([await digest(), space.run('nft', 'list', 'ruleset')]).toEqual([undefined, foreign]);
});

/** A node with a pod on each ENI, and a server beyond it that tells callers as whom it sees them. */
class TestTraffic implements Disposable {
  readonly node = new TestNode();
  readonly a = new TestNetns('a');
  readonly b = new TestNetns('b');
  readonly #servers: readonly Disposable[];

  constructor() {
    const { node, a, b } = this;
    node.deliver('10.0.1.20', 'eth0');
    node.deliver('10.0.1.90', 'eth1');
    node.wire(a, wiringOf('nginx', { address: '10.0.1.20', table: 254 }));
    node.wire(b, wiringOf('sample-pod', { address: '10.0.1.90', table: 2 }));
    this.#servers = [serveCaller(node.router), serveCaller(b), serveCaller(node.space)];
  }

  /** Rules of somebody else on the node, with named counters. */
  async foreign(body: string): Promise<void> {
    await this.node.space.insideWith((exec) => applyPacketRules(exec, `table ip foreign {\n${body}\n}\n`));
  }

  /** Packets a named counter of the foreign table has seen. */
  packets(counter: string): number {
    const text = this.node.space.run('nft', 'list', 'counter', 'ip', 'foreign', counter);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server[Symbol.dispose]();
    for (const space of [this.a, this.b, this.node]) space[Symbol.dispose]();
  }
}

function serveCaller(space: TestNetns): Disposable {
  const server = space.inside(() =>
    Bun.serve({
      hostname: '0.0.0.0',
      port: 80,
      fetch: (request, self) => new Response(self.requestIP(request)?.address),
    }),
  );
  return { [Symbol.dispose]: () => void server.stop(true) };
}

/** As whom a server beyond sees a caller, or `no answer`. */
async function seenAs(from: TestNetns, target: string, port = 80): Promise<string> {
  const ask = `exec 3<>/dev/tcp/${target}/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`;
  const child = Bun.spawn(['ip', 'netns', 'exec', from.name, 'timeout', '2', 'bash', '-c', ask], { stderr: 'ignore' });
  const text = await new Response(child.stdout).text();
  return /\r\n\r\n(.*)$/.exec(text)?.[1] ?? 'no answer';
}

const LINKS = `
  counter eth0_out { }
  counter eth1_out { }
  chain post {
    type filter hook postrouting priority 300;
    ip daddr ${INTERNET} oifname "eth0" counter name eth0_out
    ip daddr ${INTERNET} oifname "eth1" counter name eth1_out
  }`;

interface Row {
  readonly name: string;
  readonly change: Partial<PacketRulesInput>;
  /** As whom pods a and b are seen by the internet. */
  readonly seen: readonly [string, string];
  /** The link by which the packets of b leave. */
  readonly link: 'eth0' | 'eth1';
}

const rows: readonly Row[] = [
  { name: 'as delivered', change: {}, seen: ['10.0.1.5', '10.0.1.5'], link: 'eth0' },
  { name: 'without node ports', change: { nodePort: false }, seen: ['10.0.1.5', '10.0.1.5'], link: 'eth0' },
  { name: 'with ports kept', change: { randomize: 'none' }, seen: ['10.0.1.5', '10.0.1.5'], link: 'eth0' },
  { name: 'with no VPC CIDR', change: { exemptCidrs: [] }, seen: ['10.0.1.5', '10.0.1.5'], link: 'eth0' },
  { name: 'with a NAT outside', change: { externalSnat: true }, seen: ['10.0.1.20', '10.0.1.90'], link: 'eth1' },
  {
    name: 'with the destination excluded',
    change: excluding('198.51.100.0/24'),
    seen: ['10.0.1.20', '10.0.1.90'],
    link: 'eth1',
  },
  { name: 'with everything excluded', change: excluding('0.0.0.0/0'), seen: ['10.0.1.20', '10.0.1.90'], link: 'eth1' },
];

for (const { name, change, seen, link } of rows)
  kernelTest(`packets of pods ${name}`, async () => {
    using traffic = new TestTraffic();
    const { a, b, node } = traffic;
    await load(node.space, change);
    const fromA = await seenAs(a, INTERNET);
    await traffic.foreign(LINKS);
    expect([fromA, await seenAs(b, INTERNET)]).toEqual([...seen]);
    expect([traffic.packets('eth0_out') > 0, traffic.packets('eth1_out') > 0]).toEqual([
      link === 'eth0',
      link === 'eth1',
    ]);
    // Inside the VPC, to each other and to the node, pods are themselves; an empty list of CIDRs makes all of it outside.
    if (change.exemptCidrs?.length === 0) return;
    expect([await seenAs(b, '10.0.1.1'), await seenAs(a, '10.0.1.90'), await seenAs(b, '10.0.1.5')]).toEqual([
      '10.0.1.90',
      '10.0.1.20',
      '10.0.1.90',
    ]);
    expect([await seenAs(node.router, '10.0.1.90'), await seenAs(node.space, INTERNET)]).toEqual([
      '10.0.1.1',
      '10.0.1.5',
    ]);
  });

const NODE_PORT = `
  counter reply_eth0 { }
  counter reply_eth1 { }
  chain services { type nat hook prerouting priority dstnat; iifname "eth0" ip daddr 10.0.1.5 tcp dport 30080 dnat to 10.0.1.90:80; }
  chain replies {
    type filter hook forward priority 0;
    iifname "eni*" oifname "eth0" counter name reply_eth0
    iifname "eni*" oifname "eth1" counter name reply_eth1
  }`;

for (const { nodePort, link } of [
  { nodePort: true, link: 'eth0' },
  { nodePort: false, link: 'eth1' },
])
  kernelTest(
    `answers to a node port leave by ${link} when node ports are ${nodePort ? 'supported' : 'not'}`,
    async () => {
      using traffic = new TestTraffic();
      const { node } = traffic;
      await traffic.foreign(NODE_PORT);
      await load(node.space, { nodePort });
      expect(await seenAs(node.router, '10.0.1.5', 30080)).toBe('10.0.1.1');
      expect([traffic.packets('reply_eth0') > 0, traffic.packets('reply_eth1') > 0]).toEqual([nodePort, !nodePort]);
    },
  );

const SERVICE = `
  chain services { type nat hook prerouting priority dstnat; ip daddr 172.20.0.1 tcp dport 80 dnat to BACKEND; }`;

for (const { backend, where, seen } of [
  { backend: '10.0.1.1', where: 'inside', seen: '10.0.1.90' },
  { backend: INTERNET, where: 'outside', seen: '10.0.1.5' },
])
  kernelTest(`a service whose backend is ${where} the VPC is judged by its backend`, async () => {
    using traffic = new TestTraffic();
    await traffic.foreign(SERVICE.replace('BACKEND', backend));
    await load(traffic.node.space);
    expect(await seenAs(traffic.b, '172.20.0.1')).toBe(seen);
  });

kernelTest('bits of others in the mark of packets and connections survive', async () => {
  using traffic = new TestTraffic();
  await traffic.foreign(`
  counter passed { }
  counter kept { }
  chain earlier {
    type filter hook prerouting priority -140;
    iifname "eni*" ip daddr ${INTERNET} meta mark set 0x4000
    iifname "eni*" ip daddr ${INTERNET} ct mark set 0x10000
  }
  chain later {
    type filter hook prerouting priority -80;
    iifname "eni*" ip daddr ${INTERNET} counter name passed
    iifname "eni*" ip daddr ${INTERNET} ct state new meta mark 0x4080 ct mark 0x10080 counter name kept
  }`);
  await load(traffic.node.space);
  expect(await seenAs(traffic.b, INTERNET)).toBe('10.0.1.5');
  expect([traffic.packets('passed') > 1, traffic.packets('kept')]).toEqual([true, 1]);
});
