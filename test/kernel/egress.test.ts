import { expect } from 'bun:test';
import { formatCidr, type IpAddress, type IpFamily, parseIp } from '../../src/addr/index.ts';
import { EGRESS, egressWiring, type PodWiring, podUnwiring, podWiring } from '../../src/dataplane/index.ts';
import {
  applySteps,
  checkPod,
  PacketFilter,
  removeHostNetwork,
  removePacketRules,
  untilPodReceives,
} from '../../src/kernel/index.ts';
import { systemClock } from '../../src/sys/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { installed } from '../support/programs.ts';
import { giveIpv6, NODE_IPV6, WORLD_IPV6 } from './ipv6-node.ts';
import { INTERNET, PRIMARY_ADDRESS, ping, stateOf, TestNode } from './pod-node.ts';
import type { Filter } from './traffic.ts';

interface Ground {
  readonly family: IpFamily;
  readonly world: string;
  readonly nodeAddress: IpAddress;
  /** Of the two pods. */
  readonly addresses: readonly [string, string];
  readonly length: number;
}

const GROUNDS: readonly Ground[] = [
  {
    ...{ family: 'ipv4', world: INTERNET, nodeAddress: PRIMARY_ADDRESS, length: 32 },
    addresses: ['169.254.172.2', '169.254.175.254'],
  },
  {
    ...{ family: 'ipv6', world: WORLD_IPV6, nodeAddress: NODE_IPV6, length: 128 },
    addresses: ['fd00::ac:2', 'fd00::ac:3ff'],
  },
];

const POD = { network: 'aws-cni', containerId: 'c-web', ifName: 'eth0', namespace: 'default', name: 'web' };

const wiringFor = (name: string, { family }: Ground, address: string): PodWiring =>
  egressWiring({
    ...{ family, address: parseIp(address), podIfName: 'eth0', vethPrefix: 'eni', mtu: 9001 },
    pod: { network: 'aws-cni', containerId: `c-${name}` },
  });

async function load(
  node: TestNode,
  { family, nodeAddress }: Ground,
  randomize: 'prng' | 'hashrandom' | 'none' = 'prng',
  kind: Filter = 'nft',
): Promise<boolean> {
  using programs = egressPrograms(kind);
  const filter = new PacketFilter(node.space.execOnly(programs.directory));
  return await filter.repair(undefined, { family, nodeAddress, randomize });
}

/** A host that has this packet filter alone, for both families. */
function egressPrograms(kind: Filter) {
  if (kind === 'nft') return installed({ nft: 'nft' });
  const programs = [kind, kind.replace('iptables', 'ip6tables')].flatMap((name) => [`${name}-save`, `${name}-restore`]);
  return installed(Object.fromEntries(programs.map((name) => [name, name])));
}

async function wire(node: TestNode, pod: TestNetns, wiring: PodWiring): Promise<void> {
  node.wire(pod, wiring);
  const { address } = wiring.hostRoute.destination;
  await untilPodReceives({ netns: pod.netns, address, clock: systemClock });
}

for (const ground of GROUNDS) {
  const { family, world, addresses, length, nodeAddress } = ground;
  kernelTest(
    `pods reach the world of ${family} by the address of the node, and nobody reaches them by theirs`,
    async () => {
      using node = new TestNode();
      using a = new TestNetns('a');
      using b = new TestNetns('b');
      giveIpv6(node);
      await wire(node, a, wiringFor('a', ground, addresses[0]));
      await wire(node, b, wiringFor('b', ground, addresses[1]));
      // The world has no way back to an address that only the node knows.
      expect(await ping(a, world)).toBe('lost');
      for (const randomize of ['none', 'hashrandom', 'prng'] as const) {
        expect([await load(node, ground, randomize), await load(node, ground, randomize)]).toEqual([true, false]);
        expect([await ping(a, world), await ping(b, world)]).toEqual(['reached', 'reached']);
      }
      node.space.run('nft', 'flush', 'chain', family === 'ipv4' ? 'ip' : 'ip6', 'vpc-cni', 'egress-nat');
      expect([await load(node, ground), await load(node, ground)]).toEqual([true, false]);
      const target = family === 'ipv4' ? String(PRIMARY_ADDRESS) : String(NODE_IPV6);
      expect([await ping(a, target), await ping(node.space, addresses[0])]).toEqual(['reached', 'reached']);
      node.router.ip(`route add ${formatCidr(EGRESS[family].range)} via ${target} dev vpc`);
      expect([await ping(a, addresses[1]), await ping(node.router, addresses[0])]).toEqual(['lost', 'lost']);
      // The node itself has forgotten that it refused them.
      await node.space.insideWith(removePacketRules);
      expect(await ping(node.router, addresses[0])).toBe('reached');
    },
  );

  kernelTest(
    `the second interface for ${family}: what it adds, what CHECK names, and what its DEL leaves`,
    async () => {
      using node = new TestNode();
      using pod = new TestNetns('pod');
      giveIpv6(node);
      const own = podWiring({
        ...{ pod: POD, address: parseIp(family === 'ipv6' ? '10.0.1.90' : '2001:db8:1:0:a::'), table: 254 },
        ...{ vethPrefix: 'eni', mtu: 9001 },
      });
      node.wire(pod, own);
      const before = lines(node.space.ip(`-${length === 32 ? 4 : 6} route`));
      const rules = ['-4 rule', '-6 rule'].map((words) => node.space.ip(words));
      const wiring = wiringFor('web', ground, addresses[0]);
      await wire(node, pod, wiring);
      const { host, container } = wiring.veth;
      const { ifName, gateway } = EGRESS[family];
      expect(['-4 rule', '-6 rule'].map((words) => node.space.ip(words))).toEqual(rules);
      expect(lines(node.space.ip(`-${length === 32 ? 4 : 6} route show ${addresses[0]}`))[0]).toContain(
        `${addresses[0]} dev ${host.name} proto 90`,
      );
      expect(lines(pod.ip(`-o addr show dev ${ifName} scope global`))[0]).toContain(
        `${addresses[0]}/${length} scope global`,
      );
      const routes = lines(pod.ip(`-${length === 32 ? 4 : 6} route show dev ${ifName}`)).filter(
        (l) => !/^(fe80::\/64|multicast)/.test(l),
      );
      expect(routes.map((line) => line.split(' proto')[0]).sort()).toEqual(
        [`${gateway}`, `default via ${gateway}`].sort(),
      );
      expect(lines(pod.ip(`neigh show ${gateway} dev ${ifName}`))[0]).toContain(`lladdr ${host.mac} PERMANENT`);
      const off = pod.run('cat', '/proc/sys/net/ipv6/conf/eth0/disable_ipv6').trim();
      expect(off).toBe(family === 'ipv6' ? '1' : '0');
      expect([checkPod(node.socket, pod.netns, own), checkPod(node.socket, pod.netns, wiring)]).toEqual([
        undefined,
        undefined,
      ]);
      const again = stateOf(pod);
      await wire(node, pod, wiring);
      expect(stateOf(pod)).toBe(again);
      pod.ip(`route del default dev ${ifName}${length === 32 ? '' : ` via ${gateway}`}`);
      expect(checkPod(node.socket, pod.netns, wiring)).toMatch(/^the pod lacks route (0\.0\.0\.0|::)\/0 via /);
      await wire(node, pod, wiring);
      node.space.ip(`link set ${host.name} down`);
      expect(checkPod(node.socket, pod.netns, wiring)).toBe(`link ${host.name} is down`);
      const { address } = wiring.hostRoute.destination;
      applySteps(node.socket, podUnwiring({ address, rules: [], link: host.name }));
      expect(lines(node.space.ip(`-${length === 32 ? 4 : 6} route`))).toEqual(before);
      expect(lines(node.space.ip(`-o link show group 7690`)).map((line) => line.split(' ')[1])).toEqual([
        expect.stringContaining(host.name),
      ]);
      expect(container.name).toBe(ifName);
    },
  );

  for (const kind of ['iptables-nft', 'iptables-legacy'] as const)
    kernelTest(`${kind}: pods reach the world of ${family} without nft, and what is damaged is put right`, async () => {
      using node = new TestNode();
      using pod = new TestNetns('pod');
      giveIpv6(node);
      const program = family === 'ipv4' ? kind : kind.replace('iptables', 'ip6tables');
      const own = (): readonly string[] =>
        lines(node.space.run(`${program}-save`)).filter((line) => line.includes('VPC-CNI'));
      await wire(node, pod, wiringFor('web', ground, addresses[0]));
      for (const randomize of ['none', 'hashrandom', 'prng'] as const) {
        const load2 = () => load(node, ground, randomize, kind);
        expect([await load2(), await load2(), await ping(pod, world)]).toEqual([true, false, 'reached']);
      }
      const target = family === 'ipv4' ? String(PRIMARY_ADDRESS) : String(NODE_IPV6);
      node.router.ip(`route add ${formatCidr(EGRESS[family].range)} via ${target} dev vpc`);
      node.space.run(program, '-I', 'FORWARD', '-j', 'ACCEPT');
      node.space.run(program, '-t', 'nat', '-F', 'VPC-CNI-EGRESS');
      expect(own()).toHaveLength(5);
      expect(await load(node, ground, 'prng', kind)).toBe(true);
      expect(own()).toHaveLength(6);
      expect([await ping(pod, world), await ping(node.router, addresses[0])]).toEqual(['reached', 'lost']);
      using programs = egressPrograms(kind);
      await removePacketRules(node.space.execOnly(programs.directory));
      expect(own()).toEqual([]);
    });

  kernelTest(`the rules of ${family} come and go as often as the address of the node does`, async () => {
    using node = new TestNode();
    const filter = new PacketFilter(node.space.execOnly(process.env['PATH'] ?? ''));
    const egress = { family, nodeAddress, randomize: 'prng' } as const;
    const tables = (): readonly string[] => lines(node.space.run('nft', 'list', 'tables'));
    for (let round = 0; round < 2; round++) {
      expect([await filter.repair(undefined, egress), tables().length]).toEqual([true, 1]);
      const changed = await filter.repair(undefined);
      // Chains of iptables are looked for as well, which makes no difference here.
      expect([changed || family === 'ipv4', tables()]).toEqual([true, []]);
      expect(await filter.repair(undefined)).toBe(false);
    }
  });

  kernelTest(`uninstalling takes the second interfaces and the table of ${family} away`, async () => {
    using node = new TestNode();
    using pod = new TestNetns('pod');
    giveIpv6(node);
    const before = [node.space.ip('-6 route'), node.space.ip('-4 route'), node.space.run('nft', 'list', 'ruleset')];
    await load(node, ground);
    await wire(node, pod, wiringFor('web', ground, addresses[0]));
    await node.space.insideWith(removeHostNetwork);
    expect(lines(node.space.ip('-o link')).filter((line) => line.includes('eni'))).toEqual([]);
    const strip = (texts: readonly string[]) =>
      texts.map((text) => lines(text).filter((line) => !/proto 90/.test(line)));
    expect(
      strip([node.space.ip('-6 route'), node.space.ip('-4 route'), node.space.run('nft', 'list', 'ruleset')]),
    ).toEqual(strip(before));
  });
}
