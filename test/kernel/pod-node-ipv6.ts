import { IP_FAMILIES, parseIpv4, parseIpv4Cidr, parseIpv6, parseIpv6Cidr } from '../../src/addr/index.ts';
import { diffNetwork, type PodWiring, podWiring, wantedHostNetwork } from '../../src/dataplane/index.ts';
import {
  applySteps,
  checkPod,
  observeNetwork,
  openPodNetns,
  RouteSocket,
  untilPodReceives,
  wirePod,
} from '../../src/kernel/index.ts';
import { systemClock } from '../../src/sys/index.ts';
import { TestNetns } from '../support/netns.ts';

/** The wiring of IPv6 pod `default/NAME`; a pod on the primary ENI has table 254. */
export const wiringOf6 = (name: string, address: string, table: number) =>
  podWiring({
    pod: { network: 'aws-cni', namespace: 'default', name, containerId: `c-${name}`, ifName: 'eth0' },
    ...{ address: parseIpv6(address), table, vethPrefix: 'eni', mtu: 9001 },
  });
/** A pod on the primary ENI, and one on the other. */
export const A = wiringOf6('nginx', '2001:db8:1:0:a::', 254);
export const B = wiringOf6('sample-pod', '2001:db8:1:0:b::1', 2);
export const NODE = '2001:db8:1::5';
export const WORLD = '2001:db8:ffff::1';

/** A node with two ENIs; behind each the VPC's router, which is the world too and knows the address blocks of both. */
export class Node6 implements Disposable {
  readonly space = new TestNetns('node6');
  readonly router = new TestNetns('router6');
  readonly socket = new RouteSocket(this.space.netns);
  readonly host = wantedHostNetwork({
    primaryLink: 'eth0',
    enis: [
      {
        ...{ link: 'eth1', primaryAddress: parseIpv4('10.0.1.77'), subnet: parseIpv4Cidr('10.0.1.0/24'), table: 2 },
        ipv6: { addresses: [parseIpv6Cidr('2001:db8:1::77/64')] },
      },
    ],
    ...{ externalServiceCidrs: [], mark: undefined, mtu: 9001 },
  });

  constructor() {
    const { space, router } = this;
    router.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1', 'net.ipv6.conf.default.accept_dad=0');
    router.ip(`addr add ${WORLD}/128 dev lo nodad`);
    for (const [eni, mac, block] of [
      ['eth0', '02:00:00:00:01:00', '2001:db8:1:0:a::/80'],
      ['eth1', '02:00:00:00:01:01', '2001:db8:1:0:b::/80'],
    ] as const) {
      space.ip(`link add ${eni} address ${mac} mtu 9001 type veth peer name ${eni} mtu 9001 netns ${router.name}`);
      router.ip(`link set ${eni} up`);
      router.ip(`addr add fe80:ec2::1/128 dev ${eni} nodad`);
      router.ip(`neigh replace fe80::5 lladdr ${mac} dev ${eni} nud permanent`);
      router.ip(`route add ${block} via fe80::5 dev ${eni}`);
    }
    router.ip(`route add ${NODE}/128 via fe80::5 dev eth0`);
    // An ENI has been up for long; of the links of pods the kernel probes the own address as it would anywhere.
    space.run('sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=0', 'net.ipv6.conf.eth1.accept_dad=0');
    space.ip('link set eth0 up');
    space.ip(`addr add ${NODE}/128 dev eth0 nodad`);
    space.ip('route add default via fe80:ec2::1 dev eth0');
    space.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    this.repair();
  }

  /** Takes the steps to the wanted state and tells how many there were. */
  repair(...pods: readonly PodWiring[]): number {
    const observed = observeNetwork(this.socket, IP_FAMILIES);
    const podRules = pods.flatMap(({ hostRules }) => hostRules);
    const steps = diffNetwork({ ...this.host, podRules, podRoutes: pods.map(({ hostRoute }) => hostRoute) }, observed);
    applySteps(this.socket, steps);
    return steps.length;
  }

  /** Wires a pod as the daemon does. */
  async wire(pod: TestNetns, wiring: PodWiring): Promise<void> {
    using netns = openPodNetns(pod.netns.path);
    this.space.inside(() => wirePod(this.socket, netns, wiring));
    const { address } = wiring.hostRoute.destination;
    await untilPodReceives({ netns, address, clock: systemClock });
  }

  /** What is not as wired. */
  check(pod: TestNetns, wiring: PodWiring): string | undefined {
    using netns = openPodNetns(pod.netns.path);
    return checkPod(this.socket, netns, wiring);
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
    this.space[Symbol.dispose]();
    this.router[Symbol.dispose]();
  }
}
