import { expect } from 'bun:test';
import { kernelTest, type TestNetns } from '../support/netns.ts';
import { INTERNET, PRIMARY_ADDRESS } from './pod-node.ts';
import { repairWith, seenAs, TestTraffic } from './traffic.ts';

// Emulation is slow.
const PATIENCE_S = 15;
const POD = '10.0.1.90';
const BEYOND = '10.0.1.1';
const VIPS = { pod: '172.20.0.10', local: '172.20.0.11', beyond: '172.20.0.12', outside: '172.20.0.13' } as const;

/** What kube-proxy's rules in its ipvs mode say, its sets written out: only who has to be masqueraded is up to them. */
const RULES = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
-I PREROUTING 1 -j KUBE-SERVICES
-I OUTPUT 1 -j KUBE-SERVICES
-I POSTROUTING 1 -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
${Object.values(VIPS)
  .map((vip) => `-A KUBE-SERVICES -s ${vip}/32 -d ${vip}/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ`)
  .join('\n')}
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-NODE-PORT -p tcp -m tcp --dport 30080 -j KUBE-MARK-MASQ
-A KUBE-POSTROUTING -s ${POD}/32 -d ${POD}/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
COMMIT
`;

const SERVICES = [
  [`${VIPS.pod}:80`, POD],
  [`${VIPS.local}:80`, POD],
  [`${VIPS.beyond}:80`, BEYOND],
  [`${VIPS.outside}:80`, INTERNET],
  [`${PRIMARY_ADDRESS}:30080`, POD],
  [`${PRIMARY_ADDRESS}:30081`, POD],
] as const;

/** kube-proxy in its ipvs mode: service addresses on a link of their own, virtual servers, rules for masquerading. */
async function startProxy(space: TestNetns): Promise<void> {
  space.ip('link add kube-ipvs0 type dummy');
  for (const vip of Object.values(VIPS)) space.ip(`addr add ${vip}/32 dev kube-ipvs0`);
  space.run('sysctl', '-qw', 'net.ipv4.vs.conntrack=1', 'net.ipv4.vs.conn_reuse_mode=0');
  space.run('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2');
  for (const [server, endpoint] of SERVICES) {
    space.run('ipvsadm', '-A', '-t', server, '-s', 'rr');
    space.run('ipvsadm', '-a', '-t', server, '-r', `${endpoint}:80`, '-m');
  }
  await space.insideWith(async (exec) => {
    await exec.run({ argv: ['iptables-nft-restore', '--noflush'], input: RULES });
  });
}

const LINKS = `
  counter b_eth0 { }
  counter b_eth1 { }
  chain post {
    type filter hook postrouting priority 300;
    ct original ip saddr ${POD} oifname "eth0" counter name b_eth0
    ct original ip saddr ${POD} oifname "eth1" counter name b_eth1
  }`;

for (const first of ['kube-proxy', 'we'] as const)
  kernelTest(`beside kube-proxy in its ipvs mode, where ${first} came first`, async () => {
    using traffic = new TestTraffic();
    const { a, b, node } = traffic;
    const { space, router } = node;
    if (first === 'we') await repairWith('nft', space);
    await startProxy(space);
    if (first === 'kube-proxy') await repairWith('nft', space);
    await traffic.foreign(LINKS);
    const tell = (from: TestNetns, target: string, port = 80): Promise<string> =>
      seenAs(from, target, port, PATIENCE_S);
    expect({
      'pod to service of a pod': await tell(a, VIPS.pod),
      'pod to service of itself': await tell(b, VIPS.pod),
      'pod to service of another node': await tell(b, VIPS.beyond),
      'and by the primary ENI': traffic.packets('b_eth0'),
      'pod to the internet': await tell(b, INTERNET),
      'pod to a pod': await tell(a, POD),
      'node to service of a pod': await tell(space, VIPS.pod),
      'node to service of another node': await tell(space, VIPS.beyond),
      'node to a pod': await tell(space, POD),
      'client to node port': await tell(router, PRIMARY_ADDRESS, 30080),
      'client to local node port': await tell(router, PRIMARY_ADDRESS, 30081),
    }).toEqual({
      'pod to service of a pod': '10.0.1.20',
      'pod to service of itself': '10.0.1.5',
      'pod to service of another node': POD,
      'and by the primary ENI': 0,
      'pod to the internet': '10.0.1.5',
      'pod to a pod': '10.0.1.20',
      'node to service of a pod': '10.0.1.5',
      'node to service of another node': '10.0.1.5',
      'node to a pod': '10.0.1.5',
      'client to node port': '10.0.1.5',
      'client to local node port': BEYOND,
    });
  });
