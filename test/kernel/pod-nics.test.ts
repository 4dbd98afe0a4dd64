import { expect } from 'bun:test';
import { parseIpv6 } from '../../src/addr/index.ts';
import { type PodIdentity, podWiring } from '../../src/dataplane/index.ts';
import { openPodNetns, wirePod } from '../../src/kernel/index.ts';
import { expectGolden } from '../support/golden/expect-golden.ts';
import { GoldenNode, POD_ADDRESS } from '../support/golden/golden-node.ts';
import { settledState } from '../support/golden/state.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { ping, stateOf, TestNode, wiringOf } from './pod-node.ts';

const POD: PodIdentity = {
  network: 'aws-cni',
  namespace: 'default',
  name: 'nginx',
  containerId: 'c-1',
  ifName: 'eth0',
};

for (const family of ['ipv4', 'ipv6'] as const)
  kernelTest(`${family} pod with a NIC on each of two cards: as in the file, and after DEL as before`, async () => {
    using node = new GoldenNode({ externalSnat: false, nodePort: true });
    using pod = new TestNetns('pod');
    await node.prepare();
    const before = { host: await settledState(node.space), pod: await settledState(pod) };
    const { primary, secondary } = POD_ADDRESS[family];
    const more = { vethPrefix: 'eni', mtu: 9001 };
    const first = podWiring({ pod: POD, address: primary, table: 254, ...more });
    const second = podWiring({ pod: { ...POD, ifName: 'mNicIf1' }, address: secondary, table: 10_101, ...more });
    for (const wiring of [first, second, first, second]) await node.wire(pod, wiring);
    expectGolden(`${family}-two-nics`, `# host\n${await settledState(node.space)}\n# pod\n${await settledState(pod)}`);
    await node.unwire(secondary, second);
    await node.unwire(primary, first);
    expect(await settledState(node.space)).toBe(before.host);
    // The one thing that no link takes along; the runtime removes the namespace next.
    pod.ip(`${family === 'ipv6' ? '-6 ' : ''}rule delete priority 1`);
    expect(await settledState(pod)).toBe(before.pod);
  });

kernelTest('what has the address of a NIC comes and goes by it, and nothing else does', async () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  node.deliver('10.0.1.20', 'eth0');
  node.deliver('10.0.1.90', 'eth1');
  pod.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.default.rp_filter=1');
  const first = wiringOf('pod', { address: '10.0.1.20', table: 254 });
  const second = wiringOf('pod', { address: '10.0.1.90', table: 2 }, { ifName: 'mNicIf1' });
  node.wire(pod, first);
  node.wire(pod, second);
  expect(await Promise.all(['10.0.1.20', '10.0.1.90'].map((target) => ping(node.router, target)))).toEqual([
    'reached',
    'reached',
  ]);
  const goes = (from: string): string => /dev \S+/.exec(pod.ip(`route get 10.0.1.1${from}`))?.[0] ?? 'nowhere';
  expect([goes(''), goes(' from 10.0.1.20'), goes(' from 10.0.1.90')]).toEqual(['dev eth0', 'dev eth0', 'dev mNicIf1']);
  // Whoever takes the default route away wants nothing to leave by it: no NIC steps in.
  pod.ip('route delete default dev eth0');
  expect(pod.ip('route show default')).toBe('');
});

kernelTest('a NIC that cannot be wired takes back those before it', async () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  pod.ip('link add mNicIf2 type veth peer name other');
  const state = () => [stateOf(node.space), stateOf(pod)];
  const before = state();
  const nics = ['eth0', 'mNicIf1', 'mNicIf2'].map((ifName, at) =>
    wiringOf('pod', { address: `10.0.1.${20 + at}`, table: at === 0 ? 254 : 2 }, { ifName }),
  );
  using netns = openPodNetns(pod.netns.path);
  expect(() => node.space.inside(() => wirePod(node.socket, netns, ...nics))).toThrow(
    expect.objectContaining({ code: 'IFNAME_TAKEN' }),
  );
  expect(state()).toEqual(before);
  pod.ip('link delete mNicIf2');
  node.space.inside(() => wirePod(node.socket, netns, ...nics));
  expect(pod.ip('-o link').match(/mNicIf\d/g)).toEqual(['mNicIf1', 'mNicIf2']);
});

kernelTest('the gateway of each NIC is its own, in both families', async () => {
  const gateways = ['eth0', 'mNicIf1', 'mNicIf31'].map((ifName) =>
    podWiring({
      pod: { ...POD, ifName },
      address: parseIpv6('2001:db8::1'),
      table: 2,
      vethPrefix: 'eni',
      mtu: 9001,
    }).podSteps.flatMap((step) => (step.kind === 'set-neighbour' ? [step.address] : [])),
  );
  expect(gateways.flat().map(String)).toEqual(['fe80::1', 'fe80::2', 'fe80::20']);
});

kernelTest('a pod whose name is that of another one and a NIC of it does not get the link of that NIC', () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  using other = new TestNetns('other');
  // default/nginx.1, as upstream has it for NIC 1 of default/nginx.
  const nic = wiringOf('nginx', { address: '10.0.1.21', table: 2 }, { ifName: 'mNicIf1' });
  const named = wiringOf('nginx.1', { address: '10.0.1.22', table: 254 });
  expect(named.veth.host.name).toBe(nic.veth.host.name);
  node.wire(pod, nic);
  const before = [stateOf(node.space), stateOf(pod), stateOf(other)];
  expect(() => node.wire(other, named)).toThrow(expect.objectContaining({ code: 'HOST_LINK_TAKEN' }));
  expect([stateOf(node.space), stateOf(pod), stateOf(other)]).toEqual(before);
});
