import { describe, expect } from 'bun:test';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { iptablesMode, nftablesMode, type Service } from './kube-proxy-rules.ts';
import { A, B, NODE, Node6, WORLD } from './pod-node-ipv6.ts';
import { seenAs, serveCaller } from './traffic.ts';

const [POD_A, POD_B] = ['2001:db8:1:0:a::', '2001:db8:1:0:b::1'];
const SECONDARY = '2001:db8:1::77';

/** What a VPC does with packets whose source is not an address of the ENI they come from. */
const SOURCE_CHECK = `table netdev check {
  chain eth0 { type filter hook ingress device "eth0" priority 0; ip6 saddr != { ${NODE}, 2001:db8:1:0:a::/80, fe80::/10 } drop; }
  chain eth1 { type filter hook ingress device "eth1" priority 0; ip6 saddr != { ${SECONDARY}, 2001:db8:1:0:b::/80, fe80::/10 } drop; }
}`;

/**
 * firewalld's IPv6_rpfilter, which Fedora and its kin turn on: whoever has no way back by the same link is dropped. On a
 * secondary ENI that is the router itself, whose address has a route in the table of the ENI alone: docs/troubleshooting.md.
 */
const STRICT = `table inet firewalld {
  chain filter_PREROUTING {
    type filter hook prerouting priority -140; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
}`;

const SERVICES: readonly Service[] = [
  { name: 'pod', clusterIp: 'fd00:20::10', endpoint: POD_A, nodePort: 30080 },
  { name: 'local', clusterIp: 'fd00:20::11', endpoint: POD_A, nodePort: 30081, policy: 'Local' },
  { name: 'other', clusterIp: 'fd00:20::12', endpoint: POD_B },
  { name: 'beyond', clusterIp: 'fd00:20::13', endpoint: WORLD, nodePort: 30083 },
];

type Mode = 'nftables' | 'ip6tables-nft' | 'ip6tables-legacy';

function startProxy(mode: Mode, space: TestNetns): Promise<void> {
  const input = mode === 'nftables' ? nftablesMode(SERVICES, [NODE, SECONDARY]) : iptablesMode(SERVICES);
  const argv = mode === 'nftables' ? (['nft', '-f', '-'] as const) : ([`${mode}-restore`, '--noflush'] as const);
  return space.insideWith(async (exec) => {
    await exec.run({ argv, input });
  });
}

/** A node with an IPv6 pod on each ENI; pods, node and the world answer each caller with the address it has there. */
class Traffic6 implements Disposable {
  readonly node = new Node6();
  readonly a = new TestNetns('a6');
  readonly b = new TestNetns('b6');
  readonly #servers: readonly Disposable[];

  private constructor() {
    const { node, a, b } = this;
    this.#servers = [node.router, node.space, a, b].map((space) => serveCaller(space, '::'));
  }

  static async start(): Promise<Traffic6> {
    const traffic = new Traffic6();
    const { node, a, b } = traffic;
    await node.wire(a, A);
    await node.wire(b, B);
    node.router.run('nft', SOURCE_CHECK);
    // Until the kernel has noticed that the link is up, which it does once a second, it sends nothing there.
    while (!node.space.ip('link show eth1').includes('state UP')) await Bun.sleep(5);
    return traffic;
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server[Symbol.dispose]();
    for (const space of [this.a, this.b, this.node]) space[Symbol.dispose]();
  }
}

type Way = readonly [what: string, from: TestNetns, target: string, port: number, seen: string];

/** Who asks whom, and as whom it must be seen there: a pod is itself wherever it goes. */
const waysOf = ({ a, node: { space, router } }: Traffic6): readonly Way[] => [
  ['pod to the world', a, WORLD, 80, POD_A],
  ['pod to a pod', a, POD_B, 80, POD_A],
  ['pod to the node', a, NODE, 80, POD_A],
  ['node to a pod', space, POD_A, 80, NODE],
  ['node to a pod of the secondary ENI', space, POD_B, 80, NODE],
  ['the world to a pod', router, POD_A, 80, WORLD],
  ['pod to service of itself', a, 'fd00:20::10', 80, NODE],
  ['pod to service of another pod', a, 'fd00:20::12', 80, POD_A],
  ['pod to service beyond', a, 'fd00:20::13', 80, POD_A],
  ['node to service of a pod', space, 'fd00:20::10', 80, NODE],
  ['client to node port', router, NODE, 30080, NODE],
  ['client to local node port', router, NODE, 30081, WORLD],
  ['client to node port beyond', router, NODE, 30083, NODE],
];

/** The same of a pod whose address is of the secondary ENI. */
const waysOfSecondary = ({ b, node: { router } }: Traffic6): readonly Way[] => [
  ['pod of the secondary ENI to the world', b, WORLD, 80, POD_B],
  ['pod of the secondary ENI to the node', b, NODE, 80, POD_B],
  ['pod of the secondary ENI to service of a pod', b, 'fd00:20::10', 80, POD_B],
  ['pod of the secondary ENI to service beyond', b, 'fd00:20::13', 80, POD_B],
  ['the world to a pod of the secondary ENI', router, POD_B, 80, WORLD],
];

async function expectSeen(ways: readonly Way[]): Promise<void> {
  const found: unknown[] = [];
  for (const [what, from, target, port] of ways) found.push([what, await seenAs(from, target, port)]);
  expect(found).toEqual(ways.map(([what, , , , seen]) => [what, seen]));
}

describe.each(['nftables', 'ip6tables-nft', 'ip6tables-legacy'] as const)('IPv6 beside kube-proxy in %s', (mode) => {
  kernelTest(`${mode}: IPv6 pods are seen as themselves on both ENIs, and services and node ports answer`, async () => {
    using traffic = await Traffic6.start();
    await startProxy(mode, traffic.node.space);
    await expectSeen([...waysOf(traffic), ...waysOfSecondary(traffic)]);
  });

  kernelTest(`${mode}: so they are where firewalld validates sources strictly`, async () => {
    using traffic = await Traffic6.start();
    const { space } = traffic.node;
    space.run('nft', STRICT);
    await startProxy(mode, space);
    await expectSeen(waysOf(traffic));
  });
});
