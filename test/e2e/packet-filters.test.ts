import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { iptablesMode } from '../kernel/kube-proxy-rules.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { addPod, expectLive, type RunningPod, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('pf');
/** A t3.small has 3 secondary addresses on each ENI: the last of five pods are on the second one. */
const PODS = ['p1', 'p2', 'p3', 'p4', 'p5'] as const;
const NFT = '/usr/sbin/nft';
const AWAY = '/root/nft';

const nodes = [
  { name: 'node-a', filter: 'nftables', kind: 'iptables-nft' },
  { name: 'node-b', filter: 'iptables', kind: 'iptables-nft' },
  { name: 'node-c', filter: 'iptables', kind: 'iptables-legacy' },
] as const;

const pods = new Map<string, readonly RunningPod[]>();

async function addressOf(name: string): Promise<string> {
  return (await vpc.status()).nodes.find((node) => node.name === name)?.address ?? '';
}

/** What of ours is in the packet filters of a node. */
async function ours(node: E2eNode): Promise<Readonly<Record<string, number>>> {
  const count = async (pattern: RegExp, ...argv: readonly [string, ...string[]]): Promise<number> =>
    (await node.text(...argv)).split('\n').filter((line) => pattern.test(line)).length;
  const chains = /^:VPC-CNI/;
  return {
    nftables: await count(/table ip vpc-cni$/, 'sh', '-c', `PATH=$PATH:/root nft list tables`),
    'iptables-nft': await count(chains, 'iptables-nft-save'),
    'iptables-legacy': await count(chains, 'iptables-legacy-save'),
  };
}

const NOTHING = { nftables: 0, 'iptables-nft': 0, 'iptables-legacy': 0 };

/** Whether a server in a pod answers on a port of its node, asked by another node, and as whom it sees it. */
async function askedAs(client: E2eNode, address: string, port: number): Promise<string> {
  const ask = `exec 3<>/dev/tcp/${address}/${port} && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && cat <&3`;
  const { stdout } = await client.run(['timeout', '5', 'bash', '-c', ask]);
  return /\r\n\r\n(.*)$/.exec(stdout)?.[1] ?? 'no answer';
}

async function serve(node: E2eNode, pod: RunningPod): Promise<void> {
  const program =
    "Bun.serve({ port: 80, fetch: (request, self) => new Response(self.requestIP(request)?.address.replace('::ffff:', '')) })";
  await node.text('sh', '-c', `nsenter --net=${pod.netns} ${process.execPath} -e "${program}" > /dev/null 2>&1 &`);
  await until('the server in the pod', async () =>
    (await askedAs(node, pod.address, 80)) === 'no answer' ? undefined : true,
  );
}

beforeAll(async () => {
  await vpc.up('--nodes', String(nodes.length), '--instance-type', 't3.small');
});
afterAll(async () => {
  await vpc.down();
});

describe.each([...nodes])('$name with rules in $filter, beside $kind', ({ name, filter, kind }) => {
  const node = vpc.node(name);

  test(`${name}: install, five pods on two ENIs, and all of them are reached and reach out`, async () => {
    if (filter === 'iptables') {
      await node.text('mv', NFT, AWAY);
      await node.text('ln', '-sf', `/usr/sbin/${kind}`, '/etc/alternatives/iptables');
    }
    await node.install();
    const added: RunningPod[] = [];
    for (const pod of PODS) added.push(await addPod(node, pod));
    pods.set(name, added);
    await expectLive(node, added);
    expect(await ours(node)).toEqual({
      ...NOTHING,
      [filter === 'nftables' ? 'nftables' : kind]: filter === 'nftables' ? 1 : 4,
    });
    const script = "exec 3<>/dev/tcp/127.0.0.1/61678; printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3; cat <&3";
    expect(await node.text('bash', '-c', script)).toContain(`awscni_connmark_backend{backend="${filter}"} 1`);
  });

  test(`${name}: a node port is answered by a pod on each ENI, from the address that was asked`, async () => {
    const [first, , , , last] = pods.get(name) ?? [];
    if (first === undefined || last === undefined) throw new Error('no pods');
    const client = vpc.node(name === 'node-a' ? 'node-b' : 'node-a');
    const services = [
      { name: 'first', clusterIp: '172.20.0.10', endpoint: first.address, nodePort: 30081, policy: 'Local' },
      { name: 'last', clusterIp: '172.20.0.11', endpoint: last.address, nodePort: 30082, policy: 'Local' },
    ] as const;
    await node.run([`${kind}-restore`, '--noflush'], { input: iptablesMode(services) });
    await Promise.all([serve(node, first), serve(node, last)]);
    const address = await addressOf(name);
    expect([await askedAs(client, address, 30081), await askedAs(client, address, 30082)]).toEqual([
      await addressOf(client.name),
      await addressOf(client.name),
    ]);
  });
});

test('once nft is installed the next start moves the rules there, and no pod notices', async () => {
  const node = vpc.node('node-b');
  await node.text('mv', AWAY, NFT);
  const pid = await node.daemonPid();
  process.kill(pid, 'SIGKILL');
  await until('another daemon', async () => ((await node.daemonPid()) === pid ? undefined : true));
  await until('the rules to move', async () => ((await ours(node))['nftables'] === 1 ? true : undefined));
  await until('the old ones to go', async () => ((await ours(node))['iptables-nft'] === 0 ? true : undefined));
  await expectLive(node, pods.get('node-b') ?? []);
});

test('uninstall leaves nothing of ours in any packet filter, and kube-proxy its rules', async () => {
  for (const { name, kind } of nodes) {
    const node = vpc.node(name);
    for (const pod of pods.get(name) ?? []) await removePod(node, pod);
    await node.uninstall();
    expect([name, await ours(node)]).toEqual([name, NOTHING]);
    expect(await node.text(`${kind}-save`, '-t', 'nat')).toContain('-A PREROUTING -j KUBE-SERVICES');
  }
});
