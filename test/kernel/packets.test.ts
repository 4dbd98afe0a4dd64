import { describe, expect } from 'bun:test';
import type { PacketRulesInput } from '../../src/dataplane/index.ts';
import { kernelTest } from '../support/netns.ts';
import { INTERNET } from './pod-node.ts';
import { excluding, FILTERS, repairWith, seenAs, TestTraffic } from './traffic.ts';

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
  {
    name: 'that were wired when the prefix was another one',
    change: { vethPrefix: 'web', formerPrefixes: ['eni'] },
    seen: ['10.0.1.5', '10.0.1.5'],
    link: 'eth0',
  },
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

const NODE_PORT = `
  counter reply_eth0 { }
  counter reply_eth1 { }
  chain services { type nat hook prerouting priority dstnat; iifname "eth0" ip daddr 10.0.1.5 tcp dport 30080 dnat to 10.0.1.90:80; }
  chain replies {
    type filter hook forward priority 0;
    iifname "eni*" oifname "eth0" counter name reply_eth0
    iifname "eni*" oifname "eth1" counter name reply_eth1
  }`;

const SERVICE = `
  chain services { type nat hook prerouting priority dstnat; ip daddr 172.20.0.1 tcp dport 80 dnat to BACKEND; }`;

describe.each([...FILTERS])('packets with %s', (filter) => {
  for (const { name, change, seen, link } of rows)
    kernelTest(`${filter}: packets of pods ${name}`, async () => {
      using traffic = new TestTraffic();
      const { a, b, node } = traffic;
      await repairWith(filter, node.space, change);
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

  for (const { nodePort, link } of [
    { nodePort: true, link: 'eth0' },
    { nodePort: false, link: 'eth1' },
  ])
    kernelTest(
      `${filter}: answers to a node port leave by ${link} when node ports are ${nodePort ? 'supported' : 'not'}`,
      async () => {
        using traffic = new TestTraffic();
        const { node } = traffic;
        await traffic.foreign(NODE_PORT);
        await repairWith(filter, node.space, { nodePort });
        // The VPC drops what comes from eth1 as if from the primary address.
        expect(await seenAs(node.router, '10.0.1.5', 30080)).toBe(nodePort ? '10.0.1.1' : 'no answer');
        expect([traffic.packets('reply_eth0') > 0, traffic.packets('reply_eth1') > 0]).toEqual([nodePort, !nodePort]);
      },
    );

  for (const { backend, where, seen } of [
    { backend: '10.0.1.1', where: 'inside', seen: '10.0.1.90' },
    { backend: INTERNET, where: 'outside', seen: '10.0.1.5' },
  ])
    kernelTest(`${filter}: a service whose backend is ${where} the VPC is judged by its backend`, async () => {
      using traffic = new TestTraffic();
      await repairWith(filter, traffic.node.space);
      // Of two NATs of one priority the kernel asks the later one first.
      await traffic.foreign(SERVICE.replace('BACKEND', backend));
      expect(await seenAs(traffic.b, '172.20.0.1')).toBe(seen);
    });

  kernelTest(`${filter}: bits of others in the mark of packets and connections survive`, async () => {
    using traffic = new TestTraffic();
    await traffic.foreign(`
  counter passed { }
  counter kept { }
  chain earlier {
    type filter hook prerouting priority -160;
    iifname "eni*" ip daddr ${INTERNET} meta mark set 0x4000
    iifname "eni*" ip daddr ${INTERNET} ct state new ct mark set 0x10000
  }
  chain later {
    type filter hook prerouting priority -80;
    iifname "eni*" ip daddr ${INTERNET} counter name passed
    iifname "eni*" ip daddr ${INTERNET} ct state new meta mark 0x4080 ct mark 0x10080 counter name kept
  }`);
    await repairWith(filter, traffic.node.space);
    expect(await seenAs(traffic.b, INTERNET)).toBe('10.0.1.5');
    expect([traffic.packets('passed') > 1, traffic.packets('kept')]).toEqual([true, 1]);
  });
});
