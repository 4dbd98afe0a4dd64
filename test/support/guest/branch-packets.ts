/**
 * Runs inside a guest whose kernel has 802.1Q: builds the world of the packet tables and prints the part of the IPv4 and
 * the IPv6 table that has to do with branch ENIs, which are tagged on the wire here.
 */
import { createPacketWorld, type Family } from '../sim-packets.ts';
import { probeAll } from '../sim-probe.ts';

const SENDERS = ['a1', 'a1 branch', 'a2', 'b1', 'web'];
const TARGETS = ['a2', 'b1', 'branch', 'branch2', 'web', 'web:7001', 'internet'];

async function tables(): Promise<string> {
  await using packets = await createPacketWorld();
  const part = (family: Family): Promise<string> =>
    probeAll(
      packets.world,
      packets.senders(family).filter(({ name }) => SENDERS.includes(name)),
      packets.targets(family).filter(({ name }) => TARGETS.includes(name)),
    );
  const links = await packets.world.run('a1', 'ip', '-details', '-oneline', 'link', 'show', 'br7');
  const tag = /vlan protocol 802.1Q id \d+/.exec(links)?.[0];
  return [`${tag}`, await part('ipv4'), await part('ipv6')].join('\n');
}

process.stdout.write(`${await tables()}\n`);
