import { describe, expect, test } from 'bun:test';
import { hostCidr, parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import {
  diffNetwork,
  type HostNetworkInput,
  type Link,
  type LinkAddress,
  type ObservedNetwork,
  podRules,
  type Route,
  type Rule,
  type Step,
  type WantedNetwork,
  wantedHostNetwork,
} from '../../src/dataplane/index.ts';
import { kernelApplies } from './kernel-model.ts';
import { stepsText } from './sample.ts';

const input: HostNetworkInput = {
  primaryLink: 'eth0',
  enis: [{ link: 'eth1', primaryAddress: parseIpv4('10.0.1.77'), subnet: parseIpv4Cidr('10.0.1.0/24'), table: 2 }],
  externalServiceCidrs: [parseIpv4Cidr('172.20.0.0/16')],
  mark: 0x80,
  mtu: 9001,
};
const none = { podRules: [], podRoutes: [] };
const bare = wantedHostNetwork({ ...input, enis: [], externalServiceCidrs: [], mark: undefined });
const withEni = wantedHostNetwork({ ...input, externalServiceCidrs: [], mark: undefined });

const link = (name: string, change: Partial<Link> = {}): Link => ({
  index: Number(/\d+/.exec(name)?.[0] ?? 9) + 2,
  name,
  mac: undefined,
  mtu: 9001,
  up: true,
  group: 0,
  alias: undefined,
  ...change,
});
const on = (name: string, cidr: string, connected?: true): LinkAddress => ({
  link: name,
  address: parseIpv4Cidr(cidr),
  ...(connected ? { connected } : {}),
});
const route = (destination: string, name: string, change: { table?: number; via?: string } = {}): Route => ({
  table: change.table ?? 254,
  destination: parseIpv4Cidr(destination),
  link: name,
  ...(change.via === undefined ? {} : { gateway: parseIpv4(change.via) }),
});
const network = (change: Partial<ObservedNetwork>): ObservedNetwork => ({
  links: [link('eth0')],
  addresses: [],
  routes: [],
  rules: [],
  foreignRules: [],
  foreignRoutes: [],
  ...change,
});
const pod = parseIpv4('10.0.1.90');
const withPod: WantedNetwork = {
  ...bare,
  podRules: podRules(pod, 2),
  podRoutes: [route('10.0.1.90/32', 'enia')],
};
const theirs = podRules(pod, 3).map((rule) => ({ rule, protocol: 0 }));
const eniRoutes = [
  route('10.0.1.1/32', 'eth1', { table: 2 }),
  route('0.0.0.0/0', 'eth1', { table: 2, via: '10.0.1.1' }),
];
const eniLinks = [link('eth0'), link('eth1')];
const eniAddress = on('eth1', '10.0.1.77/24');
const eniRule: Rule = { priority: 32765, from: parseIpv4Cidr('10.0.1.77/32'), table: 2 };

const rows: readonly {
  readonly name: string;
  readonly wanted: WantedNetwork;
  readonly observed: ObservedNetwork;
  readonly plan: string;
}[] = [
  { name: 'nothing of ours, nothing wanted', wanted: { ...bare, ...none }, observed: network({}), plan: '' },
  {
    name: 'the primary link is down and has another MTU',
    wanted: { ...bare, ...none },
    observed: network({ links: [link('eth0', { up: false, mtu: 1500 })] }),
    plan: 'link set eth0 mtu 9001 up',
  },
  {
    name: 'a bare host with a fresh ENI gets all of it',
    wanted: { ...wantedHostNetwork(input), ...none },
    observed: network({ links: [link('eth0'), link('eth1', { up: false, mtu: 1500 })] }),
    plan: `link set eth1 mtu 9001 up
addr add 10.0.1.77/24 dev eth1
route replace 10.0.1.1/32 dev eth1 table 2
route replace 0.0.0.0/0 via 10.0.1.1 dev eth1 table 2
rule add 1024: from all fwmark 128/128 lookup 254
rule add 1535: from all to 172.20.0.0/16 lookup 254
rule add 32765: from 10.0.1.77/32 lookup 2`,
  },
  {
    name: 'an ENI as wanted',
    wanted: { ...withEni, ...none },
    observed: network({ links: eniLinks, addresses: [eniAddress], routes: eniRoutes, rules: [eniRule] }),
    plan: '',
  },
  {
    name: "an ENI's foreign addresses go first, and all of ours is set again behind them",
    wanted: { ...withEni, ...none },
    observed: network({
      links: eniLinks,
      addresses: [on('eth1', '10.0.1.99/24', true), eniAddress],
      routes: eniRoutes,
      rules: [eniRule],
    }),
    plan: `addr del 10.0.1.99/24 dev eth1
addr add 10.0.1.77/24 dev eth1
route replace 10.0.1.1/32 dev eth1 table 2
route replace 0.0.0.0/0 via 10.0.1.1 dev eth1 table 2`,
  },
  {
    name: "an ENI's address with a connected route in main is set anew without",
    wanted: { ...withEni, ...none },
    observed: network({
      links: eniLinks,
      addresses: [on('eth1', '10.0.1.77/24', true)],
      routes: eniRoutes,
      rules: [eniRule],
    }),
    plan: `addr del 10.0.1.77/24 dev eth1
addr add 10.0.1.77/24 dev eth1
route replace 10.0.1.1/32 dev eth1 table 2
route replace 0.0.0.0/0 via 10.0.1.1 dev eth1 table 2`,
  },
  {
    name: 'addresses of other links are not ours to judge',
    wanted: { ...withEni, ...none },
    observed: network({
      links: eniLinks,
      addresses: [on('eth0', '10.0.1.5/24', true), on('lo', '127.0.0.1/8', true), eniAddress],
      routes: eniRoutes,
      rules: [eniRule],
    }),
    plan: '',
  },
  {
    name: 'another mark: the new rule before the old one goes',
    wanted: { ...bare, rules: [{ priority: 1024, mark: { value: 0x100, mask: 0x100 }, table: 254 }], ...none },
    observed: network({ rules: [{ priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 }] }),
    plan: `rule add 1024: from all fwmark 256/256 lookup 254
rule del 1024: from all fwmark 128/128 lookup 254`,
  },
  {
    name: 'a service CIDR of everything is a rule without selector',
    wanted: { ...bare, rules: [{ priority: 1535, to: parseIpv4Cidr('0.0.0.0/0'), table: 254 }], ...none },
    observed: network({ rules: [{ priority: 1535, table: 254 }] }),
    plan: '',
  },
  {
    name: 'a pod that lost everything',
    wanted: withPod,
    observed: network({ links: [link('eth0'), link('enia', { up: false })] }),
    plan: `link set enia up
route replace 10.0.1.90/32 dev enia table 254
rule add 512: from all to 10.0.1.90/32 lookup 254
rule add 1536: from 10.0.1.90/32 lookup 2`,
  },
  {
    name: 'a pod whose address moved to another ENI: add before remove',
    wanted: { ...withPod, podRules: podRules(pod, 3) },
    observed: network({
      links: [link('eth0'), link('enia')],
      routes: [route('10.0.1.90/32', 'enia')],
      rules: podRules(pod, 2),
    }),
    plan: `rule add 1536: from 10.0.1.90/32 lookup 3
rule del 1536: from 10.0.1.90/32 lookup 2`,
  },
  {
    name: 'a route at the wanted place by another link is replaced, not removed',
    wanted: withPod,
    observed: network({
      links: [link('eth0'), link('enia'), link('enib')],
      routes: [route('10.0.1.90/32', 'enib')],
      rules: podRules(pod, 2),
    }),
    plan: 'route replace 10.0.1.90/32 dev enia table 254',
  },
  {
    name: 'rules of another plugin stay where nothing was taken over',
    wanted: withPod,
    observed: network({ links: [link('eth0'), link('enia')], foreignRules: theirs }),
    plan: `route replace 10.0.1.90/32 dev enia table 254
rule add 512: from all to 10.0.1.90/32 lookup 254
rule add 1536: from 10.0.1.90/32 lookup 2`,
  },
  {
    name: 'a pod and an ENI that are gone: rules go before routes',
    wanted: { ...bare, ...none },
    observed: network({
      links: [link('eth0'), link('eth1'), link('enia')],
      addresses: [eniAddress],
      routes: [route('10.0.1.90/32', 'enia'), ...eniRoutes],
      rules: [...podRules(pod, 2), eniRule],
    }),
    plan: `rule del 512: from all to 10.0.1.90/32 lookup 254
rule del 1536: from 10.0.1.90/32 lookup 2
rule del 32765: from 10.0.1.77/32 lookup 2
route del 10.0.1.90/32 dev enia table 254
route del 10.0.1.1/32 dev eth1 table 2
route del 0.0.0.0/0 via 10.0.1.1 dev eth1 table 2`,
  },
];

describe('diffNetwork()', () => {
  for (const { name, wanted, observed, plan } of rows)
    test(name, () => {
      const steps = diffNetwork(wanted, observed);
      expect(stepsText(steps)).toBe(plan);
      expect(stepsText(diffNetwork(wanted, steps.reduce(kernelApplies, observed)))).toBe('');
    });
});

/** mulberry32: a small generator whose whole state is the printed seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('diffNetwork() walked from row to row in random order: every second plan is empty', () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] ?? items[0] ?? unreachable();
  // Links come and go without us; the rest of the state lives on from row to row, and foreign hands change it.
  const links = [link('eth0'), link('eth1'), link('enia'), link('enib')];
  let state = network({ links });
  for (let walk = 0; walk < 300; walk++) {
    const { name, wanted, observed } = pick(rows);
    state = {
      links: links.map((each) => observed.links.find((own) => own.name === each.name) ?? each),
      addresses: random() < 0.5 ? observed.addresses : state.addresses,
      routes: random() < 0.5 ? observed.routes : state.routes,
      rules: random() < 0.5 ? observed.rules : state.rules,
      foreignRules: random() < 0.5 ? observed.foreignRules : state.foreignRules,
      foreignRoutes: [],
    };
    const after = diffNetwork(wanted, state).reduce(kernelApplies, state);
    const again: readonly Step[] = diffNetwork(wanted, after);
    expect(`SEED=${seed} walk ${walk}, ${name}: ${stepsText(again)}`).toBe(`SEED=${seed} walk ${walk}, ${name}: `);
    state = after;
  }
});

const unreachable = (): never => {
  throw new RangeError('the table has no rows');
};

describe('wantedHostNetwork()', () => {
  test('two ENIs, a mark and service CIDRs, whole', () => {
    const second = {
      link: 'eth2',
      primaryAddress: parseIpv4('10.0.128.4'),
      subnet: parseIpv4Cidr('10.0.128.0/20'),
      table: 10101,
    };
    const wanted = wantedHostNetwork({ ...input, enis: [...input.enis, second] });
    expect(wanted).toEqual({
      links: ['eth0', 'eth1', 'eth2'].map((name) => ({ link: name, mtu: 9001 })),
      addresses: [eniAddress, on('eth2', '10.0.128.4/20')],
      routes: [
        ...eniRoutes,
        route('10.0.128.1/32', 'eth2', { table: 10101 }),
        route('0.0.0.0/0', 'eth2', { table: 10101, via: '10.0.128.1' }),
      ],
      rules: [
        { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 },
        { priority: 1535, to: parseIpv4Cidr('172.20.0.0/16'), table: 254 },
        eniRule,
        { priority: 32765, from: hostCidr(second.primaryAddress), table: 10101 },
      ],
    });
  });

  test('without ENIs, mark and CIDRs only the primary link has a wish', () => {
    expect(bare).toEqual({ links: [{ link: 'eth0', mtu: 9001 }], addresses: [], routes: [], rules: [] });
  });
});
