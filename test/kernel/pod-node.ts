import { parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import {
  diffNetwork,
  type PodIdentity,
  type PodWiring,
  podWiring,
  routeTableOf,
  type WantedNetwork,
  wantedHostNetwork,
} from '../../src/dataplane/index.ts';
import { applySteps, observeNetwork, openPodNetns, RouteSocket, wirePod } from '../../src/kernel/index.ts';
import { lines, TestNetns } from '../support/netns.ts';

/** The MACs the VPC knows, for the router delivers an address to the ENI that holds it and asks nobody. */
const ENI_MACS = { eth0: '02:00:00:00:01:00', eth1: '02:00:00:00:01:01' } as const;
export const PRIMARY_ADDRESS = parseIpv4('10.0.1.5');
export const INTERNET = '198.51.100.1';
const SUBNET = parseIpv4Cidr('10.0.1.0/24');

/** A namespace that acts as a node: two ENIs of one subnet, behind them the VPC's router, which is the internet too. */
export class TestNode implements Disposable {
  readonly space = new TestNetns('node');
  readonly router = new TestNetns('router');
  readonly socket = new RouteSocket(this.space.netns);
  readonly wanted: WantedNetwork = {
    ...wantedHostNetwork({
      primaryLink: 'eth0',
      enis: [
        {
          link: 'eth1',
          primaryAddress: parseIpv4('10.0.1.77'),
          subnet: SUBNET,
          table: routeTableOf({ card: 0, device: 1 }),
        },
      ],
      externalServiceCidrs: [],
      mark: 0x80,
      mtu: 9001,
    }),
    podRules: [],
    podRoutes: [],
  };

  constructor() {
    const { router, space } = this;
    for (const words of [
      'link add vpc mtu 9001 type bridge',
      'link set vpc up',
      'addr add 10.0.1.1/24 dev vpc',
      `addr add ${INTERNET}/32 dev lo`,
    ])
      router.ip(words);
    for (const [name, mac] of Object.entries(ENI_MACS)) {
      space.ip(`link add ${name} address ${mac} type veth peer name ${name} netns ${router.name}`);
      router.ip(`link set ${name} mtu 9001 master vpc up`);
    }
    // The node answers for both its addresses on either link, which a VPC does not ask it to.
    this.deliver(PRIMARY_ADDRESS, 'eth0');
    this.deliver('10.0.1.77', 'eth1');
    for (const words of [
      'link set eth0 mtu 9001 up',
      'addr add 10.0.1.5/24 dev eth0',
      'route add default via 10.0.1.1',
    ])
      space.ip(words);
    space.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.eth0.rp_filter=2');
    applySteps(this.socket, diffNetwork(this.wanted, observeNetwork(this.socket)));
  }

  /** Tells the router which ENI holds an address. */
  deliver(address: string, eni: keyof typeof ENI_MACS): void {
    this.router.ip(`neigh replace ${address} lladdr ${ENI_MACS[eni]} dev vpc nud permanent`);
  }

  /** Wires a pod as the daemon does, from inside the node. */
  wire(pod: TestNetns, wiring: PodWiring): void {
    this.space.inside(() => {
      using netns = openPodNetns(pod.netns.path);
      wirePod(this.socket, netns, wiring);
    });
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
    this.space[Symbol.dispose]();
    this.router[Symbol.dispose]();
  }
}

/** The wiring of pod `default/NAME`; a pod on the primary ENI has table 254. */
export function wiringOf(name: string, place: { address: string; table: number }, change: Partial<PodIdentity> = {}) {
  const pod = { network: 'aws-cni', namespace: 'default', name, containerId: `c-${name}`, ifName: 'eth0', ...change };
  return podWiring({ pod, address: parseIpv4(place.address), table: place.table, vethPrefix: 'eni', mtu: 9001 });
}

interface ShownLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly address?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly ifalias?: string;
  readonly group: string;
}

/** All of a namespace that wiring may touch, as text. */
export function stateOf(space: TestNetns): string {
  const links: readonly ShownLink[] = JSON.parse(space.ip('-json link'));
  return [
    ...links.map(
      ({ ifindex, ifname, address, mtu, flags, ifalias, group }) =>
        `${ifindex} ${ifname} ${address} mtu ${mtu} ${flags.includes('UP') ? 'up' : 'down'} group ${group} ${ifalias ?? ''}`,
    ),
    ...['-4 -o addr', '-4 -details route show table all', '-4 -details rule', '-4 neigh show nud permanent'].flatMap(
      (words) => lines(space.ip(words)),
    ),
  ].join('\n');
}

/** Answers to `count` pings from a namespace, all lost when the network is not there. */
export async function ping(space: TestNetns, target: string): Promise<string> {
  const child = Bun.spawn([
    'ip',
    'netns',
    'exec',
    space.name,
    'ping',
    '-n',
    '-c',
    '2',
    '-i',
    '0.05',
    '-W',
    '1',
    target,
  ]);
  const text = await new Response(child.stdout).text();
  return /(\d+) received/.exec(text)?.[1] === '2' ? 'reached' : 'lost';
}
