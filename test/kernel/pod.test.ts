import { expect } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { podUnwiring, type Step } from '../../src/dataplane/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { applySteps, deadLinks, openPodNetns, removeDeadLinks } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { INTERNET, ping, stateOf, TestNode, wiringOf } from './pod-node.ts';

const A = wiringOf('nginx', { address: '10.0.1.20', table: 254 });
const B = wiringOf('sample-pod', { address: '10.0.1.90', table: 2 });
const codeOf = (work: () => void): string => {
  try {
    work();
    return 'no error';
  } catch (error) {
    return error instanceof HostError ? error.code : String(error);
  }
};

kernelTest('a pod on each ENI gives exactly the rules, routes, addresses and neighbours of the reference', () => {
  using node = new TestNode();
  using a = new TestNetns('a');
  using b = new TestNetns('b');
  node.wire(a, A);
  node.wire(b, B);
  const { space } = node;
  expect(lines(space.ip('rule'))).toEqual([
    '0: from all lookup local',
    '512: from all to 10.0.1.20 lookup main proto 90',
    '512: from all to 10.0.1.90 lookup main proto 90',
    '1024: from all fwmark 0x80/0x80 lookup main proto 90',
    '1536: from 10.0.1.90 lookup 2 proto 90',
    '32765: from 10.0.1.77 lookup 2 proto 90',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  expect(lines(space.ip('route'))).toEqual([
    'default via 10.0.1.1 dev eth0',
    '10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.5',
    '10.0.1.20 dev enic440f455693 proto 90 scope link',
    '10.0.1.90 dev enicc21c2d7785 proto 90 scope link',
  ]);
  expect(lines(space.ip('route show table 2'))).toEqual([
    'default via 10.0.1.1 dev eth1 proto 90',
    '10.0.1.1 dev eth1 proto 90 scope link',
  ]);
  expect(lines(b.ip('route'))).toEqual([
    'default via 169.254.1.1 dev eth0 proto 90',
    '169.254.1.1 dev eth0 proto 90 scope link',
  ]);
  expect(lines(b.ip('rule'))).toEqual([
    '0: from all lookup local',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  const { host, container } = B.veth;
  expect(lines(b.ip('neigh show nud permanent'))).toEqual([`169.254.1.1 dev eth0 lladdr ${host.mac} PERMANENT`]);
  expect(lines(b.ip('-4 -o addr show dev eth0'))[0]).toMatch(
    / inet 10\.0\.1\.90\/32 scope global noprefixroute eth0\\/,
  );
  expect(lines(space.ip(`-4 addr show dev ${host.name}`))).toEqual([]);
  expect(lines(space.ip(`-o link show dev ${host.name}`))[0]).toMatch(
    new RegExp(`UP.* mtu 9001 .*ether ${host.mac} .*alias vpc-cni aws-cni c-sample-pod eth0 default/sample-pod`),
  );
  expect(lines(b.ip('-o link show dev eth0'))[0]).toMatch(new RegExp(`UP.* mtu 9001 .*ether ${container.mac} `));
  const sysctl = (key: string): string =>
    space.inside(() => readFileSync(`/proc/sys/net/ipv6/conf/${host.name}/${key}`, 'utf8').trim());
  expect(['accept_ra', 'accept_redirects', 'forwarding'].map(sysctl)).toEqual(['0', '1', '0']);
});

kernelTest('pods, the node and the world behind the router reach each other', async () => {
  using node = new TestNode();
  using a = new TestNetns('a');
  using b = new TestNetns('b');
  node.deliver('10.0.1.20', 'eth0');
  node.deliver('10.0.1.90', 'eth1');
  node.wire(a, A);
  node.wire(b, B);
  const ways = [
    [a, '10.0.1.90'],
    [b, '10.0.1.20'],
    [node.space, '10.0.1.20'],
    [node.space, '10.0.1.90'],
    [a, '10.0.1.5'],
    [b, '10.0.1.5'],
    [a, INTERNET],
    [b, INTERNET],
    [node.router, '10.0.1.20'],
    [node.router, '10.0.1.90'],
  ] as const;
  expect(await Promise.all(ways.map(async ([from, to]) => `${to} ${await ping(from, to)}`))).toEqual(
    ways.map(([, to]) => `${to} reached`),
  );
});

kernelTest('both ends of a pair have one queue each way, on any number of processors', () => {
  using node = new TestNode();
  using pod = new TestNetns('pod');
  node.wire(pod, A);
  for (const end of [node.space.ip(`-d link show ${A.veth.host.name}`), pod.ip('-d link show eth0')])
    expect(end.match(/num[tr]xqueues \d+/g)).toEqual(['numtxqueues 1', 'numrxqueues 1']);
});

kernelTest('wiring again changes nothing, whatever is missing is completed', () => {
  using node = new TestNode();
  using b = new TestNetns('b');
  node.wire(b, B);
  const [host, pod] = [stateOf(node.space), stateOf(b)];
  node.wire(b, B);
  expect([stateOf(node.space), stateOf(b)]).toEqual([host, pod]);
  node.space.ip('rule del priority 1536');
  node.space.ip('route del 10.0.1.90');
  b.ip('link set eth0 down');
  b.ip('addr flush dev eth0');
  b.ip('neigh flush all nud permanent');
  node.wire(b, B);
  expect([stateOf(node.space), stateOf(b)]).toEqual([host, pod]);
});

kernelTest('wiring again and again loses no packet of a pod that talks', async () => {
  using node = new TestNode();
  using b = new TestNetns('b');
  node.deliver('10.0.1.90', 'eth1');
  node.wire(b, B);
  const talk = Bun.spawn(['ip', 'netns', 'exec', b.name, 'ping', '-n', '-q', '-c', '400', '-i', '0.003', INTERNET]);
  const text = new Response(talk.stdout).text();
  let wirings = 0;
  while (talk.exitCode === null) {
    node.wire(b, B);
    wirings += 1;
    await new Promise(setImmediate);
  }
  expect(await text).toContain('400 packets transmitted, 400 received, 0% packet loss');
  expect(wirings).toBeGreaterThan(100);
});

kernelTest('a failure in any step leaves nothing behind', () => {
  using node = new TestNode();
  using b = new TestNetns('b');
  const impossible: Step = { kind: 'set-link', link: 'no-such-link', up: true };
  const broken = (steps: readonly Step[], at: number): readonly Step[] =>
    steps.map((step, index) => (index === at ? impossible : step));
  const [host, pod] = [stateOf(node.space), stateOf(b)];
  const wirings = [
    ...B.hostSteps.map((_, at) => ({ name: `host step ${at}`, wiring: { ...B, hostSteps: broken(B.hostSteps, at) } })),
    ...B.podSteps.map((_, at) => ({ name: `pod step ${at}`, wiring: { ...B, podSteps: broken(B.podSteps, at) } })),
    { name: 'MTU', wiring: { ...B, veth: { ...B.veth, mtu: 60 } } },
    { name: 'name', wiring: { ...B, veth: { ...B.veth, host: { ...B.veth.host, name: 'x'.repeat(16) } } } },
    { name: 'sysctl', wiring: { ...B, hostSysctls: { [Object.keys(B.hostSysctls)[0] ?? '']: 'x' } } },
    {
      name: 'network name',
      wiring: wiringOf('sample-pod', { address: '10.0.1.90', table: 2 }, { network: 'n'.repeat(300) }),
    },
  ];
  const outcomes = wirings.map(({ name, wiring }) => {
    const code = codeOf(() => node.wire(b, wiring));
    return `${name}: ${code}${stateOf(node.space) === host && stateOf(b) === pod ? '' : ', left something'}`;
  });
  expect(outcomes).toEqual(wirings.map(({ name }) => `${name}: ${name === 'sysctl' ? 'FILE_FAILED' : 'NETLINK'}`));
});

kernelTest('an interface of somebody else is left alone and named', () => {
  using node = new TestNode();
  using b = new TestNetns('b');
  b.ip('link add eth0 type bridge');
  const [host, pod] = [stateOf(node.space), stateOf(b)];
  expect(() => node.wire(b, B)).toThrow(`the namespace ${b.netns.path} already has an interface eth0 that is not ours`);
  expect([stateOf(node.space), stateOf(b)]).toEqual([host, pod]);
});

/** Descriptors of namespaces and sockets; pipes of ended children may linger in the runner. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^(net|socket):|^\/run\/netns/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

kernelTest('a path that is no pod namespace is refused, and no file stays open', () => {
  using node = new TestNode();
  const folder = mkdtempSync('/tmp/vpc-cni-pod-');
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  Bun.spawnSync(['mkfifo', `${folder}/fifo`]);
  const rows = [
    { path: `${folder}/fifo`, says: 'cannot be entered: EINVAL' },
    { path: '/run/netns/there-is-none', says: 'ENOENT' },
    { path: node.space.netns.path, says: "it is the host's own network namespace" },
    { path: '/proc/thread-self/ns/net', says: "it is the host's own network namespace" },
    { path: '/proc/self/ns/uts', says: 'cannot be entered: EINVAL' },
    { path: '/etc/hostname', says: 'cannot be entered: EINVAL' },
    { path: '/proc', says: 'cannot be entered: EINVAL' },
  ];
  const before = openFiles();
  for (const { path, says } of rows.flatMap((row) => Array.from({ length: 20 }, () => row)))
    expect(() =>
      node.space.inside(() => {
        openPodNetns(path)[Symbol.dispose]();
      }),
    ).toThrow(new RegExp(`^CNI_NETNS ${path} cannot be used: .*${says}`));
  expect(openFiles() - before).toBeLessThan(20);
});

kernelTest('a new sandbox of a pod takes over from an old one that still lives', async () => {
  using node = new TestNode();
  using old = new TestNetns('old');
  using young = new TestNetns('young');
  node.deliver('10.0.1.91', 'eth1');
  node.wire(old, B);
  const next = wiringOf('sample-pod', { address: '10.0.1.91', table: 2 }, { containerId: 'c-next' });
  node.wire(young, next);
  expect(lines(old.ip('-brief link'))).toEqual([expect.stringMatching(/^lo /)]);
  expect(await ping(young, INTERNET)).toBe('reached');
  // The late DEL of the old sandbox takes its own rules and nothing of the new one.
  applySteps(
    node.socket,
    podUnwiring({ address: B.hostRoute.destination.address, rules: B.hostRules, link: undefined }),
  );
  expect(lines(node.space.ip('rule')).filter((line) => line.includes('10.0.1.9'))).toEqual([
    '512: from all to 10.0.1.91 lookup main proto 90',
    '1536: from 10.0.1.91 lookup 2 proto 90',
  ]);
  expect(await ping(young, INTERNET)).toBe('reached');
});

kernelTest('ends that were renamed or given another MAC are made anew', async () => {
  using node = new TestNode();
  using b = new TestNetns('b');
  node.deliver('10.0.1.90', 'eth1');
  const { name } = B.veth.host;
  const damages = [
    () => node.space.ip(`link set ${name} address 02:00:00:00:00:99`),
    () => b.ip('link set eth0 address 02:00:00:00:00:99'),
    () => lines('down\nname renamed').map((words) => node.space.ip(`link set ${name} ${words}`)),
    () => lines('down\nname eth9').map((words) => b.ip(`link set eth0 ${words}`)),
  ];
  const links = (): readonly string[] => [
    ...lines(node.space.ip('-brief link')).map((line) => line.split(/[@ ]/)[0] ?? ''),
    ...lines(b.ip('-brief link')).map((line) => line.split(/[@ ]/)[0] ?? ''),
  ];
  const outcomes: string[] = [];
  node.wire(b, B);
  const whole = links();
  for (const damage of damages) {
    damage();
    node.wire(b, B);
    expect(links()).toEqual(whole);
    outcomes.push(await ping(b, INTERNET));
  }
  expect(outcomes).toEqual(damages.map(() => 'reached'));
});

kernelTest('unwiring leaves a dead pair that carries nothing, and the dead go together', async () => {
  using node = new TestNode();
  using a = new TestNetns('a');
  using b = new TestNetns('b');
  const before = stateOf(node.space);
  for (const [space, wiring] of [
    [a, A],
    [b, B],
  ] as const)
    node.wire(space, wiring);
  const unwire = (): void => {
    for (const { hostRoute, hostRules, veth } of [A, B])
      applySteps(
        node.socket,
        podUnwiring({ address: hostRoute.destination.address, rules: hostRules, link: veth.host.name }),
      );
  };
  unwire();
  unwire();
  expect(deadLinks(node.socket).toSorted()).toEqual([A.veth.host.name, B.veth.host.name].toSorted());
  expect(lines(node.space.ip('-details rule')).filter((line) => /10\.0\.1\.(20|90)/.test(line))).toEqual([]);
  await node.space.insideWith(removeDeadLinks);
  await node.space.insideWith(removeDeadLinks);
  unwire();
  expect([stateOf(node.space), lines(b.ip('-brief link')).length]).toEqual([before, 1]);
});

kernelTest('forty pods wired and unwired leave no file open', () => {
  using node = new TestNode();
  using b = new TestNetns('b');
  node.wire(b, B);
  const before = openFiles();
  for (let round = 0; round < 40; round++) {
    node.wire(
      b,
      wiringOf('sample-pod', { address: '10.0.1.90', table: 2 }, { containerId: `c-${round}`, ifName: `e${round}` }),
    );
    b.ip(`link del e${round}`);
  }
  expect(openFiles() - before).toBeLessThan(40);
});
