import {
  IP_FAMILIES,
  type IpAddress,
  parseIpv4,
  parseIpv4Cidr,
  parseIpv6,
  parseIpv6Cidr,
} from '../../../src/addr/index.ts';
import {
  diffNetwork,
  type EgressRulesInput,
  type PacketRulesInput,
  type PodWiring,
  packetTables,
  podUnwiring,
  wantedHostNetwork,
} from '../../../src/dataplane/index.ts';
import {
  applyPacketRules,
  applySteps,
  observeNetwork,
  openPodNetns,
  RouteSocket,
  removeDeadLinks,
  untilPodReceives,
  wirePod,
} from '../../../src/kernel/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { TestNetns } from '../netns.ts';

/** How the host network is asked for. */
export interface GoldenMode {
  readonly externalSnat: boolean;
  readonly nodePort: boolean;
  /** The second family of pods, which those of IPv6 have beside no rules for their own. */
  readonly egress?: EgressRulesInput;
}

const MARK = 0x80;

/** A node with a primary and a secondary ENI of both families, its host network as the daemon sets it. */
export class GoldenNode implements Disposable {
  readonly space = new TestNetns('golden');
  readonly #router = new TestNetns('router');
  readonly #socket: RouteSocket;
  readonly #mode: GoldenMode;

  constructor(mode: GoldenMode) {
    const { space } = this;
    this.#mode = mode;
    this.#socket = new RouteSocket(space.netns);
    // As on EC2: no link of an ENI probes its own addresses while a test looks.
    space.run('sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.accept_ra=0');
    for (const [name, mac, ...addresses] of [
      ['eth0', '02:00:00:00:01:00', '10.0.1.5/24', '2001:db8:1::5/64'],
      ['eth1', '02:00:00:00:01:01'],
    ] as const) {
      space.ip(
        `link add ${name} address ${mac} mtu 9001 type veth peer name ${name} mtu 9001 netns ${this.#router.name}`,
      );
      this.#router.ip(`link set ${name} up`);
      space.ip(`link set ${name} up`);
      // In the order in which links are given these addresses their routes are listed.
      while (space.ip(`-6 -o addr show dev ${name} scope link`) === '') Bun.sleepSync(2);
      for (const address of addresses)
        space.ip(`addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`);
    }
    space.ip('route add default via 10.0.1.1');
    space.ip('-6 route add default via fe80:ec2::1 dev eth0');
    space.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.eth0.rp_filter=2');
    space.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  }

  /** Brings the host network to what is wanted; called again it must change nothing. Reports how many steps it took. */
  async prepare(): Promise<number> {
    const { externalSnat, nodePort, egress } = this.#mode;
    const wanted = wantedHostNetwork({
      primaryLink: 'eth0',
      enis: [
        {
          ...{ link: 'eth1', primaryAddress: parseIpv4('10.0.1.77'), subnet: parseIpv4Cidr('10.0.1.0/24'), table: 2 },
          ipv6: { addresses: [parseIpv6Cidr('2001:db8:1::77/64')] },
        },
      ],
      ...{ externalServiceCidrs: [], mark: externalSnat && !nodePort ? undefined : MARK, mtu: 9001 },
    });
    const steps = diffNetwork({ ...wanted, podRules: [], podRoutes: [] }, observeNetwork(this.#socket, IP_FAMILIES));
    applySteps(this.#socket, steps);
    const pods: PacketRulesInput = {
      ...{ primaryLink: 'eth0', primaryAddress: parseIpv4('10.0.1.5'), vethPrefix: 'eni', mark: MARK },
      ...{ exemptCidrs: [parseIpv4Cidr('10.0.0.0/16')], externalSnat, nodePort, randomize: 'prng' },
    };
    const tables = packetTables({ pods: egress?.family === 'ipv4' ? undefined : pods, egress });
    for (const family of ['ip', 'ip6'] as const) {
      const script = tables[family]?.script;
      if (script !== undefined) await this.space.insideWith((exec) => applyPacketRules(exec, script, family));
    }
    return steps.length;
  }

  /** Wires a pod as the daemon does. */
  async wire(pod: TestNetns, wiring: PodWiring): Promise<void> {
    using netns = openPodNetns(pod.netns.path);
    this.space.inside(() => wirePod(this.#socket, netns, wiring));
    const { address } = wiring.hostRoute.destination;
    if (address.includes(':')) await untilPodReceives({ netns, address, clock: systemClock });
  }

  /** Takes a pod away as the daemon does on DEL, its link included. */
  async unwire(address: IpAddress, wiring: PodWiring): Promise<void> {
    const link = wiring.veth.host.name;
    applySteps(this.#socket, podUnwiring({ address, rules: wiring.hostRules, link }));
    await this.space.insideWith(removeDeadLinks);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    this.space[Symbol.dispose]();
    this.#router[Symbol.dispose]();
  }
}

/** The addresses a pod gets, by family and ENI. */
export const POD_ADDRESS = {
  ipv4: { primary: parseIpv4('10.0.1.20'), secondary: parseIpv4('10.0.1.90') },
  ipv6: { primary: parseIpv6('2001:db8:1:0:a::'), secondary: parseIpv6('2001:db8:1:0:b::1') },
} as const;
