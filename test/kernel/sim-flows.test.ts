import { describe, expect, test } from 'bun:test';
import { IMDS_ADDRESS, INTERNET_ADDRESS, INTERNET_IPV6_ADDRESS, netnsPath } from '../../src/sim/fabric/index.ts';
import { enterArgv, nodePaths } from '../../src/sim/node/index.ts';
import { inNetns, openNetns, systemExec } from '../../src/sys/index.ts';
import { instanceNamed } from '../support/instance-named.ts';
import { openUdp, probeAll } from '../support/sim-probe.ts';
import { createWorld, drops, type World } from '../support/sim-world.ts';

const PORT = 7000;
const DEADLINE_MS = 10_000;
/** So often that a link or a table that is missing for a moment loses some. */
const EVERY_MS = 1;

const netnsOf = (world: World, node: string): string => nodePaths(world.names, node).netns;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + DEADLINE_MS; !(await holds()); await Bun.sleep(1))
    if (performance.now() > deadline) throw new Error(`not so in time: ${what}`);
}

/** Numbered packets from a1 to b1 and back, which flow when it returns. `end` tells which were never answered. */
async function startFlow(world: World): Promise<{ end(): Promise<readonly string[]>; sent(): number }> {
  const target = world.addressOf('b1');
  const open = new Set<string>();
  const server = await openUdp({ netns: netnsOf(world, 'b1'), address: target, port: PORT }, (text) => text);
  const place = { netns: netnsOf(world, 'a1'), address: world.addressOf('a1'), port: 0 };
  const client = await openUdp(place, (text) => {
    open.delete(text);
    return undefined;
  });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    open.add(String(sent));
    client.send(String(sent), PORT, target);
  }, EVERY_MS);
  await until('the first packet is answered', () => open.size < sent);
  return {
    sent: () => sent,
    async end() {
      clearInterval(timer);
      await until('every packet is answered', () => open.size === 0).catch(() => undefined);
      client[Symbol.dispose]();
      server[Symbol.dispose]();
      return [...open];
    },
  };
}

/** A TCP connection whose other end gives back what it is sent. */
interface Connection extends Disposable {
  send(text: string): void;
  received(): string;
  /** Resolves when the text has come back. */
  echo(text: string): Promise<void>;
}

async function connect(
  world: World,
  way: { readonly from: string; readonly to: string; readonly address: string },
): Promise<Connection> {
  const hostname = way.address;
  using there = openNetns(netnsOf(world, way.to));
  using here = openNetns(netnsOf(world, way.from));
  let received = '';
  const echo = { data: (socket: Bun.Socket, bytes: Buffer) => void socket.write(bytes) };
  const note = {
    data(_: Bun.Socket, bytes: Buffer) {
      received += bytes.toString();
    },
  };
  const server = inNetns(there, () => Bun.listen({ hostname, port: PORT, socket: echo }));
  const opening: Promise<Bun.Socket>[] = [];
  inNetns(here, () => void opening.push(Bun.connect({ hostname, port: PORT, socket: note })));
  const [socket] = await Promise.all(opening);
  return {
    send: (text) => void socket?.write(text),
    received: () => received,
    async echo(text) {
      socket?.write(text);
      await until(`"${text}" comes back`, () => received.endsWith(text));
    },
    [Symbol.dispose]: () => {
      socket?.terminate();
      server.stop(true);
    },
  };
}

describe('while traffic flows', () => {
  test('ENIs, addresses, groups and rules come and go around it, and no packet is lost', async () => {
    await using world = await createWorld({ instanceType: 'm5.large' });
    const { vpc, fabric } = world;
    const flow = await startFlow(world);
    for (let round = 0; round < 5; round += 1) {
      const attached = await Promise.all(['a1', 'a2', 'b1'].map((node) => world.attach(node, 1, round)));
      const group = vpc.createSecurityGroup({ name: `round-${round}` });
      const [first] = attached;
      if (first === undefined) throw new Error('nothing is attached');
      vpc.assignPrefixes({ eniId: first.eniId, count: 2 });
      vpc.setSecurityGroups(first.eniId, [group.id, vpc.defaultGroupId]);
      await fabric.settled();
      vpc.authorizeRules({
        groupId: group.id,
        rules: [
          {
            direction: 'ingress',
            protocol: 'tcp',
            fromPort: 1,
            toPort: 9,
            peer: { groupId: group.id },
            description: '',
          },
        ],
      });
      vpc.setSecurityGroups(first.eniId, [vpc.defaultGroupId]);
      await fabric.settled();
      for (const { eniId, attachmentId } of attached) {
        vpc.beginDetach({ attachmentId });
        vpc.completeDetach(attachmentId);
        vpc.deleteEni(eniId);
      }
      vpc.deleteSecurityGroup(group.id);
      await fabric.settled();
    }
    expect({ lost: await flow.end(), many: flow.sent() > 100 }).toEqual({ lost: [], many: true });
  }, 60_000);

  test('an address that moves leaves its connections behind: the next ENI knows none of them', async () => {
    await using world = await createWorld();
    const { vpc, fabric } = world;
    const [a1, a2] = ['a1', 'a2'].map((node) => vpc.eniByAddress(world.addressOf(node))?.id ?? '');
    const [address] = vpc.assignAddresses({ eniId: a1 ?? '', count: 1 });
    if (address === undefined) throw new Error('a1 has no secondary address');
    const closed = vpc.createSecurityGroup({ name: 'closed' });
    vpc.setSecurityGroups(a2 ?? '', [closed.id]);
    await fabric.settled();
    for (const node of ['a1', 'a2']) await world.run(node, 'ip', 'addr', 'add', `${address}/32`, 'dev', 'lo');
    using connection = await connect(world, { from: 'b1', to: 'a1', address });
    await connection.echo('before');
    const { denied_ingress: before } = await drops(world);
    vpc.assignAddresses({ eniId: a2 ?? '', addresses: [address], allowReassignment: true });
    await fabric.settled();
    connection.send('after');
    await until('the packet is denied', async () => (await drops(world)).denied_ingress > before);
    expect(connection.received()).toBe('before');
  }, 60_000);

  test('a connection outlives the rules that let it in; a new one is refused', async () => {
    await using world = await createWorld();
    const { vpc, fabric } = world;
    using connection = await connect(world, { from: 'a1', to: 'b1', address: world.addressOf('b1') });
    await connection.echo('before');
    const eni = vpc.eniByAddress(world.addressOf('b1'));
    const closed = vpc.createSecurityGroup({ name: 'closed' });
    vpc.revokeRules({ groupId: closed.id, ruleIds: closed.rules.map(({ id }) => id) });
    vpc.setSecurityGroups(eni?.id ?? '', [closed.id]);
    await fabric.settled();
    const everything = vpc.securityGroup(vpc.defaultGroupId);
    vpc.revokeRules({ groupId: everything.id, ruleIds: everything.rules.map(({ id }) => id) });
    await fabric.settled();
    await connection.echo('after');
    const a1 = { name: 'a1', machine: 'a1', netns: netnsOf(world, 'a1'), source: world.addressOf('a1') };
    const b1 = { name: 'b1', machine: 'b1', address: world.addressOf('b1'), port: PORT, protocol: 'tcp' } as const;
    expect(await probeAll(world, [a1], [b1])).toBe('from > to  b1\na1         egress');
  }, 60_000);
});

test('jumbo frames pass inside the VPC; to the internet a larger packet is told how large it may be', async () => {
  await using world = await createWorld({ ipv6: true });
  const b1 = world.vpc.eniByAddress(world.addressOf('b1'));
  const ping = async (target: string, size: number): Promise<string> => {
    const { stdout } = await systemExec.run({
      argv: [
        ...enterArgv(nodePaths(world.names, 'a1')),
        ...['ping', '-n', '-c', '1', '-W', '5', '-M', 'do', '-s', String(size), target],
      ],
      accept: [0, 1],
    });
    const told = /From (\S+) .*(?:mtu ?= ?)(\d+)/.exec(stdout);
    return `${size}: ${stdout.includes(' 1 received') ? 'answered' : `${told?.[1]} says ${told?.[2]}`}`;
  };
  // 28 and 48 bytes of headers.
  expect([
    await ping(world.addressOf('b1'), 9001 - 28),
    await ping(b1?.ipv6Addresses[0] ?? '', 9001 - 48),
    await ping(INTERNET_ADDRESS, 1500 - 28),
    await ping(INTERNET_ADDRESS, 1500 - 27),
    await ping(INTERNET_IPV6_ADDRESS, 1500 - 48),
    await ping(INTERNET_IPV6_ADDRESS, 1500 - 47),
  ]).toEqual([
    '8973: answered',
    '8953: answered',
    '1472: answered',
    '1473: 10.0.0.1 says 1500',
    '1452: answered',
    '1453: fe80::ec:20ff:fe00:1%eth0 says 1500',
  ]);
}, 60_000);

/** Every answer that comes at all comes sooner, also on a machine that is busy elsewhere. */
const ANSWER_S = 5;

/** What a program at the metadata address says to a node and to a pod one hop behind it: the method, or nothing. */
async function metadataAnswers(world: World): Promise<readonly string[]> {
  const ask = (method: string, pod: boolean): Promise<string> =>
    systemExec
      .run({
        argv: [
          ...enterArgv(nodePaths(world.names, 'a1')),
          ...(pod ? ['nsenter', '--net=/run/netns/pod', '--'] : []),
          ...['curl', '-s', '--max-time', String(ANSWER_S), '-X', method, `http://${IMDS_ADDRESS}/`],
        ],
        accept: [0, 28],
      })
      .then(({ stdout }) => `${pod ? 'pod' : 'node'} ${method}: ${stdout || 'nothing'}`);
  return await Promise.all([ask('PUT', false), ask('GET', false), ask('PUT', true), ask('GET', true)]);
}

test('the answer to a token request goes as many hops as the instance lets it', async () => {
  await using world = await createWorld({ nodes: [['a1']] });
  const { vpc, fabric } = world;
  using router = openNetns(netnsPath(world.names.routerNetns));
  const server = inNetns(router, () =>
    Bun.serve({ hostname: IMDS_ADDRESS, port: 80, fetch: (request) => new Response(request.method) }),
  );
  const instance = instanceNamed(vpc, 'a1')?.id ?? '';
  const [eni] = vpc.enisOf(instance);
  const [pod = ''] = vpc.assignAddresses({ eniId: eni?.id ?? '', count: 1 });
  await world.run('a1', 'ip', 'netns', 'add', 'pod');
  for (const words of [
    'link add pod0 type veth peer name eth0 netns pod',
    'link set pod0 up',
    `route add ${pod} dev pod0`,
    'addr add 169.254.1.1/32 dev pod0',
    '-n pod link set eth0 up',
    `-n pod addr add ${pod}/32 dev eth0`,
    '-n pod route add default via 169.254.1.1 dev eth0 onlink',
  ])
    await world.run('a1', 'ip', ...words.split(' '));
  const seen: Record<number, readonly string[]> = {};
  for (const hopLimit of [1, 2]) {
    vpc.setMetadataOptions(instance, { hopLimit });
    await fabric.settled();
    seen[hopLimit] = await metadataAnswers(world);
  }
  await server.stop(true);
  expect(seen).toEqual({
    1: ['node PUT: PUT', 'node GET: GET', 'pod PUT: nothing', 'pod GET: GET'],
    2: ['node PUT: PUT', 'node GET: GET', 'pod PUT: PUT', 'pod GET: GET'],
  });
}, 60_000);
