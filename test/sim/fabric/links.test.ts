import { describe, expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr, parseIpv6 } from '../../../src/addr/index.ts';
import { parseLocalRoutes, routeKey } from '../../../src/sim/fabric/ipv6-ready.ts';
import { planLinks } from '../../../src/sim/fabric/links.ts';
import type { Port } from '../../../src/sim/fabric/port.ts';
import { branch, portsOf, primary, secondary } from './support.ts';

const facts = { ipv6: true, vlan: false };
const router = (before: readonly Port[], after: readonly Port[], kernel = facts): readonly string[] =>
  planLinks(portsOf(...before), portsOf(...after), kernel).router;

const fewer = { ...secondary, addresses: secondary.addresses.slice(0, 1), prefixes: [] };
const elsewhere = { ...branch, branch: { trunkEniId: 'eni-9', trunkPort: 'eni9', vlanId: 7 } };

const PRIMARY_LINES = [
  'link add eni1 address 02:ec:20:00:00:01 mtu 9001 type veth peer name eth0 address 02:00:00:00:00:01 mtu 9001 netns v-a',
  'link set eni1 up',
  'addr add fe80:ec2::1/128 dev eni1 nodad',
  'neigh replace 10.0.0.4 lladdr 02:00:00:00:00:01 nud permanent dev eni1',
  'neigh replace fe80::ff:fe00:1 lladdr 02:00:00:00:00:01 nud permanent dev eni1',
];
const PRIMARY_ROUTES = [
  'route replace 10.0.0.4/32 dev eni1',
  'route replace 2600:1f00::4/128 via fe80::ff:fe00:1 dev eni1 onlink',
];

describe('planLinks(), in the router', () => {
  const rows: readonly {
    readonly name: string;
    readonly before: readonly Port[];
    readonly after: readonly Port[];
    readonly lines: readonly string[];
  }[] = [
    {
      name: 'does nothing when nothing changed',
      before: [primary, secondary],
      after: [{ ...primary }, secondary],
      lines: [],
    },
    {
      name: 'plugs in an ENI: born in its node with its MAC, down, its neighbours known for good',
      before: [],
      after: [primary],
      lines: [...PRIMARY_LINES, ...PRIMARY_ROUTES],
    },
    {
      name: 'delivers secondary addresses and prefixes by way of the primary address',
      before: [fewer],
      after: [secondary],
      lines: [
        'route replace 10.0.0.6/32 via 10.0.0.5 dev eni2 onlink',
        'route replace 10.0.0.16/28 via 10.0.0.5 dev eni2 onlink',
      ],
    },
    {
      name: 'needs no line per address to unplug: routes go with the link',
      before: [primary, secondary],
      after: [secondary],
      lines: ['link del eni1'],
    },
    {
      name: 'takes an address and a prefix from one ENI before another gets them',
      before: [primary, secondary],
      after: [
        {
          ...primary,
          addresses: [...primary.addresses, parseIpv4('10.0.0.6')],
          prefixes: [parseIpv4Cidr('10.0.0.16/28')],
        },
        fewer,
      ],
      lines: [
        'route del 10.0.0.6/32 via 10.0.0.5 dev eni2 onlink',
        'route del 10.0.0.16/28 via 10.0.0.5 dev eni2 onlink',
        'route replace 10.0.0.6/32 via 10.0.0.4 dev eni1 onlink',
        'route replace 10.0.0.16/28 via 10.0.0.4 dev eni1 onlink',
      ],
    },
    {
      name: 'replugs an ENI that moved to another node within a burst',
      before: [primary],
      after: [{ ...primary, netns: 'v-b' }],
      lines: [
        'link del eni1',
        'link add eni1 address 02:ec:20:00:00:01 mtu 9001 type veth peer name eth0 address 02:00:00:00:00:01 mtu 9001 netns v-b',
        ...PRIMARY_LINES.slice(1),
        ...PRIMARY_ROUTES,
      ],
    },
  ];
  for (const row of rows) test(row.name, () => expect(router(row.before, row.after)).toEqual([...row.lines]));

  test('knows no IPv6 where the kernel has none', () =>
    expect(router([], [primary], { ipv6: false, vlan: false }).filter((line) => /:1f00:|fe80/.test(line))).toEqual([]));
});

describe('planLinks(), with a branch ENI', () => {
  const lines = (before: readonly Port[], after: readonly Port[], vlan: boolean): readonly string[] =>
    router(before, after, { ipv6: false, vlan }).filter((line) => line.startsWith('link '));
  const veth = (port: Port): readonly string[] => [
    `link add ${port.name} address 02:ec:20:00:00:01 mtu 9001 type veth peer name ${port.ifName} address ${port.mac} mtu 9001 netns ${port.netns}`,
    `link set ${port.name} up`,
  ];
  const tagged = ['link add link eni2 name eni3 address 02:ec:20:00:00:01 type vlan id 7', 'link set eni3 up'];
  const moved = { ...secondary, netns: 'v-b' };
  const rows: readonly {
    readonly name: string;
    readonly before: readonly Port[];
    readonly after: readonly Port[];
    readonly vlan: readonly string[];
    readonly plain: readonly string[];
  }[] = [
    {
      name: 'plugs the trunk first',
      before: [],
      after: [branch, secondary],
      vlan: [...veth(secondary), ...tagged],
      plain: [...veth(secondary), ...veth(branch)],
    },
    {
      name: 'ends the VLAN with its trunk',
      before: [secondary, branch],
      after: [],
      vlan: ['link del eni2'],
      plain: ['link set eni3 group 1', 'link set eni2 group 1', 'link del group 1'],
    },
    {
      name: 'unplugs the branch alone',
      before: [secondary, branch],
      after: [secondary],
      vlan: ['link del eni3'],
      plain: ['link del eni3'],
    },
    {
      name: 'follows a trunk to another node',
      before: [secondary, branch],
      after: [moved, { ...branch, netns: 'v-b' }],
      vlan: ['link del eni2', ...veth(moved), ...tagged],
      plain: [
        'link set eni3 group 1',
        'link set eni2 group 1',
        'link del group 1',
        ...veth(moved),
        ...veth({ ...branch, netns: 'v-b' }),
      ],
    },
    {
      name: 'goes from one trunk to another with the same VLAN',
      before: [secondary, branch],
      after: [secondary, elsewhere],
      vlan: [
        'link del eni3',
        'link add link eni9 name eni3 address 02:ec:20:00:00:01 type vlan id 7',
        'link set eni3 up',
      ],
      plain: ['link del eni3', ...veth(elsewhere)],
    },
  ];
  for (const row of rows) {
    test(`${row.name}, by VLAN`, () => expect(lines(row.before, row.after, true)).toEqual([...row.vlan]));
    test(`${row.name}, by a link of its own`, () =>
      expect(lines(row.before, row.after, false)).toEqual([...row.plain]));
  }
});

describe('planLinks(), in the nodes', () => {
  test('device 0 gets what DHCP and a router advertisement give it, every other ENI nothing', () =>
    expect([...planLinks(portsOf(), portsOf(primary, secondary, branch), facts).nodes]).toEqual([
      [
        'v-a',
        [
          'addr add 10.0.0.4/24 brd + dev eth0',
          'link set eth0 up',
          'route add default via 10.0.0.1 dev eth0 src 10.0.0.4 proto 16',
          'route add 169.254.169.254/32 dev eth0 src 10.0.0.4 proto 16',
          'addr add 2600:1f00::4/128 dev eth0 nodad',
          'route add default via fe80::ec:20ff:fe00:1 dev eth0 proto 9 metric 1024',
        ],
      ],
    ]));
});

test('planLinks() makes sure that a node can be reached once it is up', () => {
  const { carriers, received } = planLinks(portsOf(), portsOf(primary, secondary), facts);
  expect([carriers, received.map(({ netns, link, address }) => `${netns} ${link} ${address}`)]).toEqual([
    ['link show dev eni1'],
    ['v-a eth0 2600:1f00::4', 'undefined eni1 fe80::ec:20ff:fe00:1'],
  ]);
  expect(planLinks(portsOf(), portsOf(primary), { ipv6: false, vlan: false }).received).toEqual([]);
});

test('parseLocalRoutes() finds an address that its link receives, and not the route to another', () => {
  const local = parseLocalRoutes(`
26001f62c79d2c0002dec1fdc7b0c417 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 80200001       lo
fe80000000000000ec2020fffe000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001     eth0
`);
  const asked = [
    { address: parseIpv6('::1'), link: 'lo' },
    { address: parseIpv6('::1'), link: 'eth0' },
    { address: parseIpv6('fe80::ec20:20ff:fe00:1'), link: 'eth0' },
    { address: parseIpv6('2600:1f62:c79d:2c00:2de:c1fd:c7b0:c417'), link: 'eth0' },
  ];
  expect(asked.map((one) => local.has(routeKey(one)))).toEqual([true, false, true, false]);
});
