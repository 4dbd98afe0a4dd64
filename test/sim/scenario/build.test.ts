import { describe, expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import type { SimVpc } from '../../../src/sim/model/index.ts';
import {
  buildVpc,
  launchNode,
  nodeName,
  type ParsedScenario,
  parseScenario,
  type Scenario,
} from '../../../src/sim/scenario/index.ts';
import { faultOf } from '../model/support.ts';

const DUAL: Scenario = {
  vpc: { ipv6: true },
  subnets: [
    { cidr: '10.0.0.0/24', ipv6: true },
    { cidr: '10.0.1.0/24', zone: 'b', ipv6: true },
  ],
};

const rulesOf = (vpc: SimVpc, name: string): readonly string[] =>
  (vpc.securityGroups().find((group) => group.name === name)?.rules ?? []).map(
    ({ direction, protocol, fromPort, toPort, peer }) =>
      `${direction} ${protocol} ${fromPort} ${toPort} ${'cidr' in peer ? formatCidr(peer.cidr) : vpc.securityGroup(peer.groupId).name}`,
  );

describe('buildVpc()', () => {
  test('gives each subnet an IPv6 block of its own', () => {
    const vpc = buildVpc(DUAL, () => 0);
    const block = formatCidr(vpc.ipv6Cidrs()[0]?.cidr ?? { address: vpc.cidr.address, prefixLength: 0 });
    const blocks = vpc.subnets().map(({ ipv6 }) => ipv6 && formatCidr(ipv6.cidr));
    expect(blocks).toEqual([block.replace('/56', '/64'), block.replace('00::/56', '01::/64')]);
  });

  test('lets everything out of a group unless it lists what may leave, and one port stand for both ends', () => {
    const vpc = buildVpc(
      {
        securityGroups: [
          { name: 'open', ingress: [{ protocol: 'tcp', from: 80, peer: 'closed' }] },
          { name: 'closed', egress: [] },
          { name: 'some', egress: [{ protocol: 'udp', from: 1, to: 9, peer: '2001:db8::/32' }] },
        ],
      },
      () => 0,
    );
    expect(['open', 'closed', 'some'].map((name) => rulesOf(vpc, name))).toEqual([
      ['egress -1 undefined undefined 0.0.0.0/0', 'ingress tcp 80 80 closed'],
      [],
      ['egress udp 1 9 2001:db8::/32'],
    ]);
  });
});

describe('launchNode()', () => {
  test('gives a node addresses and prefixes together, and its pods a way to the metadata service', () => {
    const vpc = buildVpc(DUAL, () => 0);
    const both = { secondaryAddresses: 2, prefixes: 1, ipv6Addresses: 1, ipv6Prefixes: 1 };
    const { id } = launchNode(vpc, {
      ...{ name: 'a', type: 'm5.large', subnet: 'us-east-1b', ...both },
      interfaces: [{ deviceIndex: 1, ...both }, { deviceIndex: 2 }],
    });
    const held = vpc
      .enisOf(id)
      .map(({ subnetId, addresses, prefixes, ipv6Addresses, ipv6Prefixes }) => [
        vpc.subnet(subnetId).availabilityZone,
        addresses.length,
        prefixes.length,
        ipv6Addresses.length,
        ipv6Prefixes.length,
      ]);
    expect([vpc.instance(id).state, vpc.instance(id).metadata.hopLimit, held]).toEqual([
      'pending',
      2,
      [
        ['us-east-1b', 3, 1, 1, 1],
        ['us-east-1b', 3, 1, 1, 1],
        ['us-east-1b', 1, 0, 0, 0],
      ],
    ]);
  });

  test('leaves nothing of a node that does not fit', () => {
    const vpc = buildVpc(DUAL, () => 0);
    const free = vpc.subnets().map(({ id }) => vpc.availableAddresses(id));
    const wrong = { name: 'a', type: 't3.nano', secondaryAddresses: 1, prefixes: 1 };
    expect([
      faultOf(() => launchNode(vpc, wrong)),
      faultOf(() => launchNode(vpc, { ...wrong, subnet: 'mars' })),
    ]).toEqual(['PrivateIpAddressLimitExceeded', 'InvalidSubnetID.NotFound']);
    expect([vpc.instances(), vpc.enis(), vpc.subnets().map(({ id }) => vpc.availableAddresses(id))]).toEqual([
      [],
      [],
      free,
    ]);
  });
});

test('nodeName() goes on with two letters after z', () =>
  expect([0, 25, 26, 51, 52, 701, 702].map(nodeName)).toEqual(
    ['a', 'z', 'aa', 'az', 'ba', 'zz', 'aaa'].map((letters) => `node-${letters}`),
  ));

test('of an ICMP rule the two numbers are a type and a code, which may be smaller; of ports the last is no smaller', () => {
  const group = (rule: object): string =>
    JSON.stringify({ securityGroups: [{ name: 'g', egress: [], ingress: [{ peer: '10.0.0.0/8', ...rule }] }] });
  const finding = (from: number, to: number): ParsedScenario => ({
    kind: 'findings',
    findings: [{ pointer: '/securityGroups/0/ingress/0/to', message: `${to} is before ${from}` }],
  });
  expect([
    parseScenario(group({ protocol: 'tcp', from: 8, to: 7 })),
    parseScenario(group({ protocol: '17', from: 8, to: 0 })),
  ]).toEqual([finding(8, 7), finding(8, 0)]);
  const built = (rule: object): readonly string[] => {
    const parsed = parseScenario(group(rule));
    return parsed.kind === 'scenario'
      ? rulesOf(
          buildVpc(parsed.scenario, () => 0),
          'g',
        )
      : ['no scenario'];
  };
  expect([
    built({ protocol: 'icmp', from: 8, to: 0 }),
    built({ protocol: 'icmp', from: 8 }),
    built({ protocol: '58', from: -1 }),
    built({ protocol: 'tcp', from: 80 }),
  ]).toEqual([
    ['ingress icmp 8 0 10.0.0.0/8'],
    ['ingress icmp 8 -1 10.0.0.0/8'],
    ['ingress 58 -1 -1 10.0.0.0/8'],
    ['ingress tcp 80 80 10.0.0.0/8'],
  ]);
});
