/** Run in a network namespace of its own: programs a host of many ENIs from nothing, once, and says how many milliseconds it took. */
import { type Ipv4Address, parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import { JIT_SCALE } from '../../src/commands/ipamd.ts';
import { diffNetwork, type EniLink, wantedHostNetwork } from '../../src/dataplane/index.ts';
import { wantedPods } from '../../src/ipamd/wanted-pods.ts';
import { applySteps, observeNetwork, PacketFilter, RouteSocket } from '../../src/kernel/index.ts';
import { Pool } from '../../src/pool/index.ts';
import { systemExec, writeSysctl } from '../../src/sys/index.ts';

const MARK = 0x80;
const MTU = 9001;
const NETWORK = parseIpv4Cidr('10.1.0.0/16');

const addressOf = (eni: number): Ipv4Address => parseIpv4(`10.1.${eni}.4`);
const linkOf = (eni: number): string => `ens${eni}`;

function makeLinks(count: number): void {
  const script = Array.from({ length: count }, (_, n) => `link add ${linkOf(n)} type veth peer name other${n}`);
  const made = Bun.spawnSync(['ip', '-batch', '-'], {
    stdin: Buffer.from([...script, `addr add ${addressOf(0)}/16 dev ${linkOf(0)}`, 'link set lo up'].join('\n')),
  });
  if (!made.success) throw new Error(made.stderr.toString());
}

async function program(count: number): Promise<number> {
  makeLinks(count);
  const enis = Array.from(
    { length: count - 1 },
    (_, n): EniLink => ({
      ...{ link: linkOf(n + 1), primaryAddress: addressOf(n + 1), subnet: NETWORK, table: n + 2 },
    }),
  );
  using socket = new RouteSocket();
  const host = { primaryLink: linkOf(0), enis, externalServiceCidrs: [], mark: MARK, mtu: MTU };
  const began = performance.now();
  const observed = observeNetwork(socket);
  const pods = wantedPods({ pool: new Pool(), observed, eniLinks: [], vethPrefix: 'eni', takesOver: false });
  const steps = diffNetwork({ ...wantedHostNetwork(host), ...pods }, observed);
  applySteps(socket, steps);
  for (const [key, value] of Object.entries({ 'net/ipv4/ip_forward': '1', 'net/ipv4/conf/all/rp_filter': '0' }))
    writeSysctl(key, value);
  await new PacketFilter(systemExec).repair({
    primaryLink: linkOf(0),
    primaryAddress: addressOf(0),
    vethPrefix: 'eni',
    mark: MARK,
    exemptCidrs: [NETWORK],
    externalSnat: false,
    randomize: 'prng',
    nodePort: true,
  });
  const took = performance.now() - began;
  // Twice the routes and one rule of each, or it was not this that was timed.
  if (steps.length < 4 * enis.length) throw new Error(`only ${steps.length} steps for ${enis.length} ENIs`);
  return took;
}

Bun.unsafe.setJITPolicy(JIT_SCALE);
console.log(JSON.stringify(await program(Number(process.argv[2]))));
