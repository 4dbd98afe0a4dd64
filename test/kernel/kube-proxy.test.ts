import { describe, expect } from 'bun:test';
import { kernelTest, lines, type TestNetns } from '../support/netns.ts';
import { iptablesMode, nftablesMode, type Service } from './kube-proxy-rules.ts';
import { INTERNET, PRIMARY_ADDRESS } from './pod-node.ts';
import { type Filter, repairWith, seenAs, TestTraffic } from './traffic.ts';

const SECONDARY_ADDRESS = '10.0.1.77';
const POD = '10.0.1.90';
const BEYOND = '10.0.1.1';
const SERVICES: readonly Service[] = [
  { name: 'pod', clusterIp: '172.20.0.10', endpoint: POD, nodePort: 30080 },
  { name: 'local', clusterIp: '172.20.0.11', endpoint: POD, nodePort: 30081, policy: 'Local' },
  { name: 'beyond', clusterIp: '172.20.0.12', endpoint: BEYOND, nodePort: 30082 },
  { name: 'outside', clusterIp: '172.20.0.13', endpoint: INTERNET },
];

type Mode = 'nftables' | 'iptables-nft' | 'iptables-legacy';

/** Rules of kube-proxy in one of its modes. */
function startProxy(mode: Mode, space: TestNetns): Promise<void> {
  const input =
    mode === 'nftables' ? nftablesMode(SERVICES, [PRIMARY_ADDRESS, SECONDARY_ADDRESS]) : iptablesMode(SERVICES);
  const argv = mode === 'nftables' ? (['nft', '-f', '-'] as const) : ([`${mode}-restore`, '--noflush'] as const);
  return space.insideWith(async (exec) => {
    await exec.run({ argv, input });
  });
}

/** kube-proxy's rules as they are; ours in the same tables left out. */
function rulesOfProxy(mode: Mode, space: TestNetns): readonly string[] {
  if (mode === 'nftables') return lines(space.run('nft', 'list', 'table', 'ip', 'kube-proxy'));
  return lines(space.run(`${mode}-save`))
    .filter((line) => !line.startsWith('#') && !line.includes('VPC-CNI'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''));
}

const LINKS = `
  counter b_eth0 { }
  counter b_eth1 { }
  chain post {
    type filter hook forward priority 300;
    ip saddr ${POD} oifname "eth0" counter name b_eth0
    ip saddr ${POD} oifname "eth1" counter name b_eth1
  }`;

const rows: readonly { readonly mode: Mode; readonly filter: Filter }[] = [
  { mode: 'iptables-nft', filter: 'nft' },
  { mode: 'iptables-legacy', filter: 'nft' },
  { mode: 'nftables', filter: 'nft' },
  { mode: 'iptables-nft', filter: 'iptables-nft' },
  { mode: 'iptables-legacy', filter: 'iptables-legacy' },
];

describe.each(rows)('beside kube-proxy in $mode our rules in $filter', ({ mode, filter }) => {
  for (const first of ['kube-proxy', 'we'] as const)
    kernelTest(`beside kube-proxy by ${mode}, ours in ${filter}, where ${first} came first`, async () => {
      using traffic = new TestTraffic();
      const { a, b, node } = traffic;
      const { space, router } = node;
      if (first === 'we') await repairWith(filter, space);
      await startProxy(mode, space);
      const proxy = rulesOfProxy(mode, space);
      if (first === 'kube-proxy') await repairWith(filter, space);
      await traffic.foreign(LINKS);
      let before = { eth0: 0, eth1: 0 };
      /** As whom the server sees the caller, and by which link pod b sent something meanwhile. */
      const tell = async (from: TestNetns, target: string, port?: number): Promise<string> => {
        const seen = await seenAs(from, target, port);
        const now = { eth0: traffic.packets('b_eth0'), eth1: traffic.packets('b_eth1') };
        const by = (['eth0', 'eth1'] as const).filter((link) => now[link] > before[link]);
        before = now;
        return [seen, ...by].join(' ');
      };
      expect({
        'pod to service of a pod': await tell(a, '172.20.0.10'),
        'pod to service of itself': await tell(b, '172.20.0.10'),
        'pod to service of another node': await tell(b, '172.20.0.12'),
        'pod to the internet': await tell(b, INTERNET),
        'pod to a pod': await tell(a, POD),
        'node to service of a pod': await tell(space, '172.20.0.10'),
        'node to service of another node': await tell(space, '172.20.0.12'),
        'node to a pod': await tell(space, POD),
        'pod to node port': await tell(a, PRIMARY_ADDRESS, 30080),
        'client to node port': await tell(router, PRIMARY_ADDRESS, 30080),
        'client to local node port': await tell(router, PRIMARY_ADDRESS, 30081),
        'client to node port of another node': await tell(router, PRIMARY_ADDRESS, 30082),
        'client to local node port by the secondary ENI': await tell(router, SECONDARY_ADDRESS, 30081),
        'pod to service outside of the VPC': (await tell(b, '172.20.0.13')).split(' ')[0],
      }).toEqual({
        'pod to service of a pod': '10.0.1.20',
        'pod to service of itself': '10.0.1.5',
        'pod to service of another node': '10.0.1.90 eth1',
        'pod to the internet': '10.0.1.5 eth0',
        'pod to a pod': '10.0.1.20',
        'node to service of a pod': '10.0.1.5',
        'node to service of another node': '10.0.1.5',
        'node to a pod': '10.0.1.5',
        'pod to node port': '10.0.1.5',
        'client to node port': '10.0.1.5 eth0',
        'client to local node port': '10.0.1.1 eth0',
        'client to node port of another node': '10.0.1.5',
        'client to local node port by the secondary ENI': '10.0.1.1 eth1',
        'pod to service outside of the VPC': '10.0.1.5',
      });
      expect([await repairWith(filter, space), rulesOfProxy(mode, space)]).toEqual([false, proxy]);
    });
});
