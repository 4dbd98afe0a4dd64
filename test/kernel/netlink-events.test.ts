import { expect } from 'bun:test';
import fc from 'fast-check';
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { NFT_TABLE } from '../../src/dataplane/index.ts';
import {
  applySteps,
  listLinks,
  type NetworkEvent,
  RouteSocket,
  watchNetwork,
  watchPacketRules,
} from '../../src/kernel/index.ts';
import { readChangedTables, readEvents } from '../../src/kernel/netlink/events.ts';
import { until } from '../support/e2e.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';

const PROTOCOLS: Readonly<Record<string, number>> = { boot: 3, static: 4, kernel: 2, unspec: 0 };

/** A line of `ip monitor` as the event it is. */
function monitored(line: string): string | undefined {
  const [, kind, deleted] = /^\[(RULE|ROUTE|ADDR|LINK|NETCONF)\]\s*(Deleted)?/.exec(line) ?? [];
  const gone = deleted !== undefined;
  const named = /\bproto (\S+)/.exec(line)?.[1] ?? 'unspec';
  const protocol = PROTOCOLS[named] ?? Number(named);
  if (kind === 'RULE' || kind === 'ROUTE') return `${kind.toLowerCase()} ${gone} ${protocol}`;
  if (kind === 'LINK') return `link ${gone} ${/\d+: ([^@:]+)/.exec(line)?.[1]}`;
  if (kind === 'ADDR') return / scope link/.test(line) ? undefined : `address ${gone}`;
  // Of a new link all values are told, and none of one that goes.
  return kind === 'NETCONF' && !gone && !/rp_filter .* |mc_forwarding/.test(line) ? 'sysctl' : undefined;
}

function told(event: NetworkEvent): string | undefined {
  switch (event.kind) {
    case 'rule':
    case 'route':
      return `${event.kind} ${event.gone} ${event.protocol}`;
    case 'link':
      return `link ${event.gone} ${event.name}`;
    case 'address':
      return `address ${event.gone}`;
    case 'sysctl':
      return 'sysctl';
    default:
      return undefined;
  }
}

/** Changes of every kind, in an order of chance; some are refused, which is told to nobody. */
function changes(count: number): readonly string[] {
  const n = fc.integer({ min: 1, max: 3 });
  const protocol = fc.constantFrom(4, 90);
  const verb = fc.constantFrom('add', 'del');
  const change = fc.oneof(
    fc
      .tuple(verb, n, protocol)
      .map(([v, i, p]) => `rule ${v} priority ${500 + i} from 10.0.0.${i} table ${i} protocol ${p}`),
    fc
      .tuple(verb, n, protocol)
      .map(([v, i, p]) => `-6 rule ${v} priority ${500 + i} from fd00::${i} table ${i} protocol ${p}`),
    fc
      .tuple(fc.constantFrom('add', 'replace', 'del'), n, protocol)
      .map(([v, i, p]) => `route ${v} 10.1.0.${i} dev v0 proto ${p}`),
    fc.tuple(verb, n, protocol).map(([v, i, p]) => `-6 route ${v} fd01::${i} dev v0 proto ${p} table 77`),
    fc.tuple(verb, n).map(([v, i]) => `address ${v} 10.2.0.${i}/32 dev v0`),
    fc.tuple(n).map(([i]) => `link add b${i} type bridge`),
    fc.tuple(n).map(([i]) => `link del b${i}`),
    fc.tuple(n).map(([i]) => `link set v0 mtu ${1400 + i}`),
  );
  return fc.sample(change, { numRuns: count, seed: 90 });
}

kernelTest('every change that "ip monitor" prints is told as what it is, in the same order', async () => {
  using space = new TestNetns('events');
  space.ip('link add v0 type veth peer name v1');
  space.ip('link set v0 up');
  const stop = new AbortController();
  const events: NetworkEvent[] = [];
  watchNetwork({
    netns: space.netns,
    signal: stop.signal,
    of: 'ipv6',
    tell: (some) => events.push(...some),
    ended: () => {},
  });
  const monitor = Bun.spawn(['ip', '-n', space.name, '-d', 'monitor', 'all'], { stdout: 'pipe' });
  let printed = '';
  const reading = (async () => {
    for await (const some of monitor.stdout) printed += Buffer.from(some).toString();
  })();
  // The monitor has subscribed once it tells of something.
  let mtu = 1400;
  await until('the monitor', () => {
    mtu += 1;
    space.ip(`link set v0 mtu ${mtu}`);
    return printed === '' ? undefined : true;
  });
  space.ip('link add begin type bridge');
  const changing = Bun.spawn(['ip', '-n', space.name, '-force', '-batch', '-'], {
    stdin: Buffer.from(changes(300).join('\n')),
    stderr: 'ignore',
  });
  await changing.exited;
  space.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.v0.rp_filter=2');
  space.ip('link add end type bridge');
  const isEnd = (text: string | undefined): boolean => text === 'link false end';
  await until('the end', () =>
    events.map(told).some(isEnd) && lines(printed).map(monitored).some(isEnd) ? true : undefined,
  );
  stop.abort();
  monitor.kill();
  await reading;
  const between = (all: readonly (string | undefined)[]): readonly string[] => {
    const list = all.filter((each) => each !== undefined);
    return list.slice(list.indexOf('link false begin') + 1, list.indexOf('link false end'));
  };
  const ours = between(events.map(told));
  expect(ours).toEqual(between(lines(printed).map(monitored)));
  const kinds = ['rule true 90', 'route true 90', 'route false 90', 'address true', 'link true b', 'sysctl'];
  expect(kinds.filter((kind) => !ours.some((event) => event.startsWith(kind)))).toEqual([]);
});

kernelTest('what our own socket changes is told to others and not to us', async () => {
  using space = new TestNetns('own');
  using socket = new RouteSocket(space.netns);
  const stop = new AbortController();
  const [mine, all]: [NetworkEvent[], NetworkEvent[]] = [[], []];
  const watch = { netns: space.netns, signal: stop.signal, of: 'ipv4', ended: () => {} } as const;
  watchNetwork({ ...watch, own: socket.port, tell: (some) => mine.push(...some) });
  watchNetwork({ ...watch, tell: (some) => all.push(...some) });
  const rule = { priority: 512, to: parseIpv4Cidr('10.0.0.1/32'), table: 254 };
  const route = { table: 7, destination: parseIpv4Cidr('10.0.0.1/32'), link: 'lo' };
  applySteps(socket, [
    { kind: 'add-rule', rule },
    { kind: 'replace-route', route },
    { kind: 'remove-rule', rule },
    { kind: 'remove-route', route },
  ]);
  space.ip('rule add priority 9 table 9');
  await until('the rule of somebody else', () => mine[0]);
  await until('all', () => all[4]);
  stop.abort();
  expect(mine.map(told)).toEqual(['rule false 0']);
  expect(all.map(told)).toEqual(['rule false 90', 'route false 90', 'rule true 90', 'route true 90', 'rule false 0']);
});

kernelTest('a route that takes the place of another, and a link that is set down, are told as such', async () => {
  using space = new TestNetns('replaced');
  for (const words of ['link add v0 type veth peer name v1', 'link set v0 up', 'link set v1 up']) space.ip(words);
  const stop = new AbortController();
  const events: NetworkEvent[] = [];
  watchNetwork({
    netns: space.netns,
    signal: stop.signal,
    of: 'ipv4',
    tell: (some) => events.push(...some),
    ended: () => {},
  });
  for (const words of [
    'route add 10.0.0.1 dev v0 proto 90',
    'route replace 10.0.0.1 dev v1',
    'link set v0 mtu 1400',
    'link set v0 down',
    'link add v2 type veth peer name v3',
    'rule add priority 9 table 9',
  ])
    space.ip(words);
  await until('the rule', () => events.find(({ kind }) => kind === 'rule'));
  stop.abort();
  expect(events.flatMap((event) => (event.kind === 'route' ? [[event.protocol, event.replaced]] : []))).toEqual([
    [90, false],
    [3, true],
  ]);
  expect(events.flatMap((event) => (event.kind === 'link' && event.fell ? [event.name] : []))).toEqual(['v0']);
});

kernelTest('each change of our nftables table is told, none of another', async () => {
  using space = new TestNetns('tables');
  const stop = new AbortController();
  let told = 0;
  watchPacketRules({
    netns: space.netns,
    signal: stop.signal,
    table: NFT_TABLE,
    tell: () => {
      told += 1;
    },
    ended: () => {},
  });
  for (const change of [
    `add table ip ${NFT_TABLE}`,
    `add set ip ${NFT_TABLE} s { type ipv4_addr ; }`,
    `add element ip ${NFT_TABLE} s { 10.0.0.1 }`,
    `add chain ip ${NFT_TABLE} c { type filter hook input priority 0 ; }`,
    `add rule ip ${NFT_TABLE} c ip saddr @s counter`,
    `delete element ip ${NFT_TABLE} s { 10.0.0.1 }`,
    `flush chain ip ${NFT_TABLE} c`,
    `delete chain ip ${NFT_TABLE} c`,
    `delete set ip ${NFT_TABLE} s`,
    `delete table ip ${NFT_TABLE}`,
    `add table ip6 ${NFT_TABLE}`,
  ]) {
    const before = told;
    space.run('nft', change);
    await until(change, () => (told > before ? true : undefined));
    const after = told;
    space.run('nft', 'add table ip other');
    space.run('nft', 'add chain ip other c');
    space.run('nft', 'delete table ip other');
    await Bun.sleep(5);
    expect([change, told]).toEqual([change, after]);
  }
  stop.abort();
});

kernelTest('of links that are listed while others come none is missed or told twice', async () => {
  using space = new TestNetns('interrupted');
  using socket = new RouteSocket(space.netns);
  const batch = (name: string, count: number) => {
    const commands = Array.from({ length: count }, (_, n) => `link add ${name}${n} type veth peer name ${name}-${n}`);
    return Bun.spawn(['ip', '-n', space.name, '-batch', '-'], { stdin: Buffer.from(commands.join('\n')) });
  };
  await batch('stays', 75).exited;
  const churn = batch('more', 100);
  let dumps = 0;
  while (churn.exitCode === null || dumps === 0) {
    // Where the list changes all the time a dump ends in a refusal, never in a part.
    const links = orUndefined(() => listLinks(socket), 'they changed during each of');
    if (links !== undefined) {
      expect(links.filter(({ name }) => name.startsWith('stays'))).toHaveLength(150);
      dumps += 1;
    }
    await new Promise(setImmediate);
  }
  expect(listLinks(socket)).toHaveLength(1 + 150 + 200);
});

function orUndefined<T>(work: () => T, unless: string): T | undefined {
  try {
    return work();
  } catch (error) {
    if (String(error).includes(unless)) return undefined;
    throw error;
  }
}

kernelTest('what was there already, or gone, is told apart from what was done', () => {
  using space = new TestNetns('done');
  using socket = new RouteSocket(space.netns);
  const [one, two] = ['10.0.0.1/32', '10.0.0.2/32'].map((to) => ({ priority: 512, to: parseIpv4Cidr(to), table: 254 }));
  if (one === undefined || two === undefined) throw new Error('unreachable');
  const add = (rule: typeof one) => ({ kind: 'add-rule', rule }) as const;
  const remove = (rule: typeof one) => ({ kind: 'remove-rule', rule }) as const;
  expect(applySteps(socket, [add(one)])).toEqual([add(one)]);
  expect(applySteps(socket, [add(one), add(two), remove(one), remove(one)])).toEqual([add(two), remove(one)]);
  expect(applySteps(socket, [add(two)])).toEqual([]);
});

kernelTest("the kernel's own explanation of a refusal is told", () => {
  using space = new TestNetns('extack');
  using socket = new RouteSocket(space.netns);
  const destination = parseIpv4Cidr('10.0.0.1/32');
  expect(() =>
    applySteps(socket, [
      {
        kind: 'replace-route',
        route: { table: 9, destination, gateway: parseIpv4Cidr('10.1.1.1/32').address, link: 'lo' },
      },
    ]),
  ).toThrow('the kernel refused to set route 10.0.0.1/32 dev lo table 9: ENETUNREACH (Nexthop has invalid gateway)');
});

kernelTest('bytes of any kind are read as events or as something unclear', () => {
  const types = fc.constantFrom(16, 17, 20, 21, 24, 25, 28, 29, 32, 33, 80, 0x0a00, 0x0a06, 0x0a0c);
  fc.assert(
    fc.property(types, fc.nat(0xffff), fc.uint8Array({ maxLength: 120 }), fc.nat(140), (type, flags, payload, end) => {
      const bytes = new Uint8Array(16 + payload.length);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, bytes.length, true);
      view.setUint16(4, type, true);
      view.setUint16(6, flags, true);
      bytes.set(payload, 16);
      readEvents(bytes);
      readChangedTables(bytes);
      const cut = bytes.slice(0, end);
      expect(end >= bytes.length || end === 0 || readEvents(cut)[0]?.kind === 'unclear').toBe(true);
      readChangedTables(cut);
    }),
    { numRuns: 5_000 },
  );
});
