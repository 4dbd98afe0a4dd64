import { describe, expect, test } from 'bun:test';
import { parseCidr, parseIp, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import {
  branchAlias,
  branchWiring,
  MAIN_TABLE,
  type ObservedNetwork,
  type PodPathInput,
  podAlias,
  podPath,
  podWiring,
} from '../../src/dataplane/index.ts';

const POD = { network: 'aws-cni', namespace: 'shop', name: 'cart', containerId: 'c1', ifName: 'eth0' } as const;
const ADDRESS = parseIp('10.0.0.5');
const WIRING = podWiring({ pod: POD, address: ADDRESS, table: 2, vethPrefix: 'eni', mtu: 9001 });
const HOST_END = WIRING.veth.host.name;

const link = (name: string, more: { readonly up?: boolean; readonly alias?: string } = {}) => ({
  ...{ index: 1, name, mac: undefined, mtu: 9001, group: 0 },
  ...{ up: more.up ?? true, alias: more.alias },
});

const MARKED = { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: MAIN_TABLE } as const;

const WHOLE: ObservedNetwork = {
  links: [link('eth0'), link('eth1'), link(HOST_END, { alias: podAlias(POD) })],
  addresses: [],
  routes: [
    WIRING.hostRoute,
    { table: 2, destination: parseCidr('10.0.0.1/32'), link: 'eth1' },
    { table: 2, destination: parseCidr('0.0.0.0/0'), gateway: parseIp('10.0.0.1'), link: 'eth1' },
  ],
  rules: [...WIRING.hostRules, MARKED],
  foreignRules: [],
  foreignRoutes: [],
};

const INPUT: PodPathInput = {
  pod: POD,
  address: ADDRESS,
  eni: { id: 'eni-1', device: 1, link: 'eth1', table: 2 },
  vethPrefix: 'eni',
  primaryLink: 'eth0',
  nat: { kind: 'snat', to: parseIp('10.0.0.4'), mark: 0x80, exempt: [parseIpv4Cidr('10.0.0.0/16')], by: 'nftables' },
  observed: WHOLE,
};

/** The whole path as people read it, one hop a line. */
const SIGNS = { there: '+', missing: '!', unseen: '.' };
const told = (input: PodPathInput): string =>
  podPath(input)
    .legs.flatMap(({ name, hops }) => [
      name,
      ...hops.map(
        ({ title, detail, state, lack }) =>
          `${SIGNS[state]} ${title}: ${detail}${lack === undefined ? '' : ` – ${lack}`}`,
      ),
    ])
    .join('\n');
const missingOf = (input: PodPathInput): readonly string[] =>
  told(input)
    .split('\n')
    .filter((line) => line.startsWith('!'));

describe('podPath()', () => {
  test('a pod of a secondary ENI', () => {
    expect(told(INPUT)).toBe(`The pod
. Interface in the pod: eth0 10.0.0.5/32, default via 169.254.1.1
+ Its end on the host: ${HOST_END} mtu 9001 up
To the pod
+ Comes in by the ENI that has its address: eni-1, device 1, eth1
+ Rule for what goes to the pod: 512: from all to 10.0.0.5/32 lookup main
+ Route to the pod: 10.0.0.5/32 dev ${HOST_END} table main
From the pod, into the VPC
+ Rule for what comes from the pod: 1536: from 10.0.0.5/32 lookup 2
+ Default route of that table: default via 10.0.0.1 dev eth1 table 2
+ Leaves by: eni-1, device 1, eth1
From the pod, out of the VPC
. Mark of connections that leave the VPC: nftables: mark 0x80 unless to 10.0.0.0/16
+ Rule for marked packets: 1024: from all fwmark 0x80/0x80 lookup main
. Source address: becomes 10.0.0.4 on eth0`);
  });

  test('its names, its address and its ENI', () => {
    expect(podPath(INPUT)).toMatchObject({ pod: 'shop/cart', address: '10.0.0.5', eni: 'eni-1' });
    const nameless = { ...POD, namespace: undefined, name: undefined };
    expect(podPath({ ...INPUT, pod: nameless, eni: undefined })).toMatchObject({ pod: 'c1 eth0', eni: null });
  });

  test('a pod of the primary ENI leaves by main, which the host has set up', () => {
    const main = podWiring({ pod: POD, address: ADDRESS, table: MAIN_TABLE, vethPrefix: 'eni', mtu: 9001 });
    const eni = { id: 'eni-0', device: 0, link: 'eth0', table: MAIN_TABLE };
    const path = told({ ...INPUT, eni, observed: { ...WHOLE, rules: [...main.hostRules, MARKED] } });
    expect(path).toContain(
      '. Default route of the host: default dev eth0 table main\n+ Leaves by: eni-0, device 0, eth0',
    );
    expect(path).not.toContain('1536');
  });

  test('an address that stays what it is outside of the VPC', () => {
    const path = told({ ...INPUT, nat: { kind: 'none', why: 'somebody else translates' } });
    expect(path).toEndWith('out of the VPC\n. Source address: stays 10.0.0.5: somebody else translates');
  });

  const without = (rule: number): Partial<ObservedNetwork> => ({
    rules: WHOLE.rules.filter(({ priority }) => priority !== rule),
  });
  const rows: readonly (readonly [what: string, change: Partial<ObservedNetwork>, missing: readonly string[]])[] = [
    ['nothing', {}, []],
    [
      'the rule to it',
      without(512),
      [
        '! Rule for what goes to the pod: 512: from all to 10.0.0.5/32 lookup main – another table may take its packets',
      ],
    ],
    [
      'the rule from it',
      without(1536),
      [
        '! Rule for what comes from the pod: 1536: from 10.0.0.5/32 lookup 2 – its packets leave by the primary ENI, and the VPC drops them',
      ],
    ],
    [
      'the rule for marks',
      without(1024),
      [
        '! Rule for marked packets: 1024: from all fwmark 0x80/0x80 lookup main – its packets leave by its own ENI with an address of the primary one, and the VPC drops them',
      ],
    ],
    [
      'the route to it',
      { routes: WHOLE.routes.slice(1) },
      ['! Route to the pod: 10.0.0.5/32 table main – nobody reaches the pod'],
    ],
    [
      'the default route',
      { routes: WHOLE.routes.slice(0, 2) },
      ['! Default route of that table: default table 2 – its packets leave by the wrong ENI'],
    ],
    [
      'the host end',
      { links: WHOLE.links.slice(0, 2) },
      [
        '! Its end on the host: no link that names this pod as its owner – the pod has no network: delete it, its controller makes another one',
      ],
    ],
    [
      'the carrier of the host end',
      { links: [...WHOLE.links.slice(0, 2), link(HOST_END, { alias: podAlias(POD), up: false })] },
      [`! Its end on the host: ${HOST_END} mtu 9001 down – no packet passes until the link is up`],
    ],
    [
      'the link of the ENI',
      { links: [link('eth0'), link(HOST_END, { alias: podAlias(POD) })] },
      [
        '! Comes in by the ENI that has its address: eni-1, device 1, eth1 – the kernel shows no link of this ENI',
        '! Leaves by: eni-1, device 1, eth1 – the kernel shows no link of this ENI',
      ],
    ],
  ];
  for (const [what, change, missing] of rows)
    test(`without ${what}`, () => {
      expect(missingOf({ ...INPUT, observed: { ...WHOLE, ...change } })).toEqual([...missing]);
    });

  test('an address that EC2 lists nowhere', () => {
    expect(missingOf({ ...INPUT, eni: undefined })).toEqual([
      '! Comes in by the ENI that has its address: EC2 lists the address on no ENI of this node – the VPC delivers nothing to the pod',
    ]);
  });

  test('what another CNI plugin left counts as there', () => {
    const foreignRules = WHOLE.rules.map((rule) => ({ rule, protocol: 0 }));
    const observed = {
      ...WHOLE,
      rules: [],
      foreignRules,
      routes: WHOLE.routes.slice(1),
      foreignRoutes: [WIRING.hostRoute],
    };
    expect(missingOf({ ...INPUT, observed })).toEqual([]);
  });
});

describe('podPath() of an interface beside the pool', () => {
  const branch = {
    ...{ vlanId: 7, mac: parseMac('02:00:00:00:00:97') },
    ...{ address: parseIp('10.0.2.9'), gateway: parseIp('10.0.2.1') },
  };
  const nat = { kind: 'none', why: 'its own' } as const;

  for (const mode of ['strict', 'standard'] as const)
    test(`a branch ENI in ${mode} mode is whole, and without any part of it just that is missing`, () => {
      const apart = branchWiring({ pod: POD, branch, mode, trunk: 'eth1', vethPrefix: 'eni', mtu: 9001 });
      const end = link(apart.veth.host.name, { alias: branchAlias(POD, branch) });
      const routes = [apart.hostRoute, ...(apart.branch?.routes ?? [])];
      const observed = { ...WHOLE, links: [end, link('vlan.eth.7')], routes, rules: apart.hostRules };
      const input = { ...INPUT, address: branch.address, eni: undefined, nat, observed, apart };
      expect(missingOf(input)).toEqual([]);
      expect(told(input)).toContain('+ Comes in by its branch ENI: vlan.eth.7, VLAN 7 of the trunk, 02:00:00:00:00:97');
      for (const gone of observed.routes) {
        const less = { ...observed, routes: routes.filter((route) => route !== gone) };
        expect(missingOf({ ...input, observed: less }).length).toBe(1);
      }
      for (const gone of observed.rules) {
        const less = { ...observed, rules: observed.rules.filter((rule) => rule !== gone) };
        expect(missingOf({ ...input, observed: less }).length).toBe(1);
      }
      expect(missingOf({ ...input, observed: { ...observed, links: [end] } }).length).toBe(2);
    });

  test('egress has a route to the pod, and neither an ENI nor rules', () => {
    const pod = { ...POD, ifName: 'v4if0' };
    const hostRoute = { table: MAIN_TABLE, destination: parseCidr('169.254.172.2/32'), link: 'enidead0000001' };
    const observed = { ...WHOLE, links: [link('enidead0000001', { alias: podAlias(pod) })], routes: [hostRoute] };
    const about = { pod, address: parseIp('169.254.172.2'), eni: undefined, apart: { hostRoute, hostRules: [] } };
    const input = { ...INPUT, ...about, nat, observed };
    expect(missingOf(input)).toEqual([]);
    expect(missingOf({ ...input, observed: { ...observed, routes: [] } })).toEqual([
      '! Route to the pod: 169.254.172.2/32 dev enidead0000001 table main – nobody reaches the pod',
    ]);
  });
});
