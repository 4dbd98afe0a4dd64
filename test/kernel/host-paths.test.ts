import { describe, expect } from 'bun:test';
import { parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import { diffNetwork, type HostNetwork, PRIORITY, routeTableOf, wantedHostNetwork } from '../../src/dataplane/index.ts';
import { applyPacketRules, applySteps, observeNetwork } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { nftablesMode } from './kube-proxy-rules.ts';
import { INTERNET, PRIMARY_ADDRESS, type TestNode, wiringOf } from './pod-node.ts';
import { repairWith, seenAs, serveCaller, TestTraffic } from './traffic.ts';

const POD = '10.0.1.90';
/** Less than the second after which a packet is repeated. */
const AT_ONCE_S = 0.7;

const PROXY = nftablesMode(
  [
    { name: 'local', clusterIp: '172.20.0.11', endpoint: POD, nodePort: 30081, policy: 'Local' },
    { name: 'outside', clusterIp: '172.20.0.13', endpoint: INTERNET },
  ],
  [PRIMARY_ADDRESS],
);

const startProxy = ({ node }: TestTraffic): Promise<void> =>
  node.space.insideWith((exec) => applyPacketRules(exec, PROXY));

/** Brings the node to more of its own than a node has anyway; its pods stay. */
function bring({ node }: TestTraffic, more: HostNetwork): void {
  const { wanted, socket } = node;
  const observed = observeNetwork(socket);
  const podRules = observed.rules.filter(
    ({ priority }) => priority === PRIORITY.toPod || priority === PRIORITY.fromPod,
  );
  const podRoutes = observed.routes.filter(({ link }) => link.startsWith('eni'));
  const whole = {
    links: [...wanted.links, ...more.links],
    addresses: [...wanted.addresses, ...more.addresses],
    routes: [...wanted.routes, ...more.routes],
    rules: [...wanted.rules, ...more.rules],
  };
  applySteps(socket, diffNetwork({ ...whole, podRules, podRoutes }, observed));
}

describe('source validation', () => {
  for (const { all, eth0, answers } of [
    { all: 0, eth0: 2, answers: ['10.0.1.1', '10.0.1.5'] },
    // As on distributions that validate strictly on every link: the higher of the two values counts.
    { all: 1, eth0: 2, answers: ['10.0.1.1', '10.0.1.5'] },
    // What we change it for: the way back is by the primary ENI only with the mark, which the validation does not see.
    { all: 0, eth0: 1, answers: ['no answer', 'no answer'] },
  ])
    kernelTest(`rp_filter ${all} everywhere and ${eth0} on the primary ENI`, async () => {
      using traffic = new TestTraffic();
      const { a, b, node } = traffic;
      const { space, router } = node;
      const links = ['eth1', ...lines(space.ip('-o link')).flatMap((line) => /^\d+: (eni\w+)/.exec(line)?.[1] ?? [])];
      space.run(
        'sysctl',
        '-qw',
        ...['all', ...links].map((link) => `net.ipv4.conf.${link}.rp_filter=${all}`),
        `net.ipv4.conf.eth0.rp_filter=${eth0}`,
      );
      await repairWith('nft', space);
      await startProxy(traffic);
      expect([
        await seenAs(router, PRIMARY_ADDRESS, 30081, AT_ONCE_S),
        await seenAs(b, INTERNET, 80, AT_ONCE_S),
      ]).toEqual(answers);
      expect([
        await seenAs(b, '10.0.1.1'),
        await seenAs(a, POD),
        await seenAs(router, POD),
        await seenAs(space, POD),
      ]).toEqual([POD, '10.0.1.20', '10.0.1.1', '10.0.1.5']);
    });
});

for (const demux of [0, 1])
  kernelTest(`with tcp_early_demux ${demux} nodes reach pods and pods nodes, and answers keep their ENI`, async () => {
    using traffic = new TestTraffic();
    const { a, b, node } = traffic;
    const { space, router } = node;
    space.run('sysctl', '-qw', `net.ipv4.tcp_early_demux=${demux}`);
    await repairWith('nft', space);
    await startProxy(traffic);
    // Twice: what the first connection leaves in caches is there for the second.
    for (const _ of [1, 2])
      expect([
        await seenAs(space, POD),
        await seenAs(a, '10.0.1.5'),
        await seenAs(b, '10.0.1.5'),
        await seenAs(space, '172.20.0.11'),
        await seenAs(router, PRIMARY_ADDRESS, 30081),
        await seenAs(b, INTERNET),
      ]).toEqual(['10.0.1.5', '10.0.1.20', POD, '10.0.1.5', '10.0.1.1', '10.0.1.5']);
  });

/** Whether one packet of this size comes back that nobody may cut. */
async function whole(from: TestNetns, target: string, bytes: number): Promise<boolean> {
  const size = String(bytes - 28);
  const argv = ['ip', 'netns', 'exec', from.name, 'ping', '-n', '-c', '1', '-W', '0.5', '-M', 'do', '-s', size, target];
  return (await Bun.spawn(argv, { stdout: 'ignore', stderr: 'ignore' }).exited) === 0;
}

kernelTest('packets of 9001 bytes pass whole on every way, and none that is bigger', async () => {
  using traffic = new TestTraffic();
  const { a, b, node } = traffic;
  await repairWith('nft', node.space);
  const ways: readonly (readonly [TestNetns, string])[] = [
    [a, '10.0.1.1'],
    [b, '10.0.1.1'],
    [a, POD],
    [b, INTERNET],
    [node.space, POD],
    [node.router, POD],
    [node.router, '10.0.1.20'],
  ];
  const passed = ways.map(async ([from, target]) => [
    target,
    await whole(from, target, 9001),
    await whole(from, target, 9002),
  ]);
  expect(await Promise.all(passed)).toEqual(ways.map(([, target]) => [target, true, false]));
});

kernelTest('networks of outside services are routed by the primary ENI from the first packet on', async () => {
  using traffic = new TestTraffic();
  const { b, node } = traffic;
  // Where the first packet of a service cannot be marked.
  await repairWith('iptables-nft', node.space);
  await startProxy(traffic);
  expect(await seenAs(b, '172.20.0.13', 80, AT_ONCE_S)).toBe('no answer');
  const host = wantedHostNetwork({
    primaryLink: 'eth0',
    enis: [],
    externalServiceCidrs: [parseIpv4Cidr('198.51.100.0/24')],
    mark: undefined,
    mtu: 9001,
  });
  bring(traffic, host);
  expect(await seenAs(b, '172.20.0.13', 80, AT_ONCE_S)).toBe('10.0.1.5');
});

/** One more ENI of the subnet, the first of a second network card. */
function plugIn(node: TestNode, eni: { readonly mac: string; readonly addresses: readonly string[] }): void {
  node.space.ip(`link add eth2 address ${eni.mac} type veth peer name eth2 netns ${node.router.name}`);
  node.router.ip('link set eth2 mtu 9001 master vpc up');
  for (const address of eni.addresses)
    node.router.ip(`neigh replace ${address} lladdr ${eni.mac} dev vpc nud permanent`);
}

kernelTest(
  'a pod on an ENI of another network card sends by it, and by the primary ENI what leaves the VPC',
  async () => {
    using traffic = new TestTraffic();
    using pod = new TestNetns('card');
    const { node, a } = traffic;
    const table = routeTableOf({ card: 1, device: 1 });
    plugIn(node, { mac: '02:00:00:00:02:01', addresses: ['10.0.1.88', '10.0.1.120'] });
    const card = wantedHostNetwork({
      primaryLink: 'eth0',
      enis: [{ link: 'eth2', primaryAddress: parseIpv4('10.0.1.88'), subnet: parseIpv4Cidr('10.0.1.0/24'), table }],
      externalServiceCidrs: [],
      mark: undefined,
      mtu: 9001,
    });
    bring(traffic, card);
    await repairWith('nft', node.space);
    node.wire(pod, wiringOf('third-pod', { address: '10.0.1.120', table }));
    using _server = serveCaller(pod);
    await traffic.foreign(`
    counter by_eth0 { }
    counter by_eth2 { }
    chain post {
      type filter hook forward priority 300;
      ip saddr 10.0.1.120 oifname "eth0" counter name by_eth0
      ip saddr 10.0.1.120 oifname "eth2" counter name by_eth2
    }`);
    expect(table).toBe(10_101);
    expect([await seenAs(pod, '10.0.1.1'), traffic.packets('by_eth0')]).toEqual(['10.0.1.120', 0]);
    expect([await seenAs(node.router, '10.0.1.120'), traffic.packets('by_eth0')]).toEqual(['10.0.1.1', 0]);
    const before = traffic.packets('by_eth2');
    expect([await seenAs(pod, INTERNET), traffic.packets('by_eth2')]).toEqual(['10.0.1.5', before]);
    expect([await seenAs(a, '10.0.1.120'), await seenAs(pod, POD)]).toEqual(['10.0.1.20', '10.0.1.120']);
  },
);
