import { parseIpv4Cidr } from '../../src/addr/index.ts';
import type { PacketRulesInput } from '../../src/dataplane/index.ts';
import { applyPacketRules, PacketFilter } from '../../src/kernel/index.ts';
import type { Exec } from '../../src/sys/index.ts';
import { TestNetns } from '../support/netns.ts';
import { installed } from '../support/programs.ts';
import { PRIMARY_ADDRESS, TestNode, wiringOf } from './pod-node.ts';

const VPC = parseIpv4Cidr('10.0.0.0/16');
/** Packet rules as a node has them by default. */
export const usual: PacketRulesInput = {
  primaryLink: 'eth0',
  primaryAddress: PRIMARY_ADDRESS,
  vethPrefix: 'eni',
  mark: 0x80,
  exemptCidrs: [VPC],
  externalSnat: false,
  randomize: 'prng',
  nodePort: true,
};
/** The change that excludes these networks too. */
export const excluding = (...cidrs: readonly string[]): Partial<PacketRulesInput> => ({
  exemptCidrs: [VPC, ...cidrs.map(parseIpv4Cidr)],
});

/** The packet filters a host may have. */
export const FILTERS = ['nft', 'iptables-nft', 'iptables-legacy'] as const;
export type Filter = (typeof FILTERS)[number];

/** The programs of a host that has this packet filter alone. */
export function programsOf(filter: Filter) {
  return filter === 'nft' ? installed({ nft: 'nft' }) : iptablesPrograms(filter);
}

/** One kind of iptables, under its own name and as the one that is meant by `iptables`. */
function iptablesPrograms(kind: Exclude<Filter, 'nft'>) {
  return installed({
    [`${kind}-save`]: `${kind}-save`,
    [`${kind}-restore`]: `${kind}-restore`,
    iptables: kind,
  });
}

/** Makes our packet rules on a host with this packet filter alone; reports whether it changed anything. */
export async function repairWith(filter: Filter, space: TestNetns, change: Partial<PacketRulesInput> = {}) {
  using programs = programsOf(filter);
  const exec: Exec = space.execOnly(programs.directory);
  return await new PacketFilter(exec).repair({ ...usual, ...change });
}

/** What a VPC does with packets whose source is not an address of the ENI they come from. */
const SOURCE_CHECK = `table netdev check {
  chain eth0 { type filter hook ingress device "eth0" priority 0; ip saddr != { 10.0.1.5, 10.0.1.20 } drop; }
  chain eth1 { type filter hook ingress device "eth1" priority 0; ip saddr != { 10.0.1.77, 10.0.1.90 } drop; }
}`;

/** A node with a pod on each ENI, and a server beyond it that tells callers as whom it sees them. */
export class TestTraffic implements Disposable {
  readonly node = new TestNode();
  readonly a = new TestNetns('a');
  readonly b = new TestNetns('b');
  readonly #servers: readonly Disposable[];

  constructor() {
    const { node, a, b } = this;
    node.deliver('10.0.1.20', 'eth0');
    node.deliver('10.0.1.90', 'eth1');
    node.wire(a, wiringOf('nginx', { address: '10.0.1.20', table: 254 }));
    node.wire(b, wiringOf('sample-pod', { address: '10.0.1.90', table: 2 }));
    node.router.run('nft', SOURCE_CHECK);
    this.#servers = [serveCaller(node.router), serveCaller(b), serveCaller(node.space)];
  }

  /** Rules of somebody else on the node, with named counters. */
  async foreign(body: string): Promise<void> {
    await this.node.space.insideWith((exec) => applyPacketRules(exec, `table ip foreign {\n${body}\n}\n`));
  }

  /** Packets a named counter of the foreign table has seen. */
  packets(counter: string): number {
    const text = this.node.space.run('nft', 'list', 'counter', 'ip', 'foreign', counter);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server[Symbol.dispose]();
    for (const space of [this.a, this.b, this.node]) space[Symbol.dispose]();
  }
}

/** A server that answers each caller with the address it has there. */
export function serveCaller(space: TestNetns, hostname: '0.0.0.0' | '::' = '0.0.0.0'): Disposable {
  const server = space.inside(() =>
    Bun.serve({
      hostname,
      port: 80,
      fetch: (request, self) => new Response(self.requestIP(request)?.address),
    }),
  );
  return { [Symbol.dispose]: () => void server.stop(true) };
}

/** As whom a server sees a caller, or `no answer` within so many seconds; a packet is repeated after one. */
export async function seenAs(from: TestNetns, target: string, port = 80, seconds = 2): Promise<string> {
  const ask = `exec 3<>/dev/tcp/${target}/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`;
  const child = Bun.spawn(['ip', 'netns', 'exec', from.name, 'timeout', String(seconds), 'bash', '-c', ask], {
    stderr: 'ignore',
  });
  const text = await new Response(child.stdout).text();
  return /\r\n\r\n(.*)$/.exec(text)?.[1] ?? 'no answer';
}
