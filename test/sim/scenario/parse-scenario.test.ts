import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildVpc, parseScenario, SCENARIOS } from '../../../src/sim/scenario/index.ts';

describe('the library', () => {
  test('holds every file of its folder', () => {
    const files = readdirSync(join(import.meta.dir, '../../../src/sim/scenario')).filter((name) =>
      name.endsWith('.json'),
    );
    expect([...SCENARIOS.keys()].map((name) => `${name}.json`)).toEqual(files.sort());
  });
  for (const [name, text] of SCENARIOS)
    test(`${name} is a scenario with a description, and its VPC can be built`, () => {
      const parsed = parseScenario(text);
      if (parsed.kind !== 'scenario') throw new Error(JSON.stringify(parsed.findings));
      expect(parsed.scenario.description).toMatch(/\.$/);
      expect(buildVpc(parsed.scenario, () => 0).subnets().length).toBeGreaterThan(0);
    });
});

describe('parseScenario() finds everything at once', () => {
  const rows: readonly { name: string; value: unknown; findings: readonly string[] }[] = [
    { name: 'nothing wrong with nothing', value: {}, findings: [] },
    {
      name: 'keys there are not, and values of the wrong kind',
      value: {
        sead: 1,
        vpc: { cidrs: [] },
        nodes: [{ name: 'a', typ: 't3.small' }],
        throttle: 'on',
        times: { attachMs: -1 },
      },
      findings: [
        '/sead there is no such key',
        '/vpc/cidrs must NOT have fewer than 1 items',
        "/nodes/0 must have required property 'type'",
        '/nodes/0/typ there is no such key',
        '/throttle must be "ec2", "off", or buckets { size, perSecond } by action',
        '/times/attachMs must be milliseconds up to 600000, or a range of them [least, most]',
      ],
    },
    {
      name: 'what EC2 would refuse, once',
      value: {
        nodes: [
          { name: 'a', type: 't3.small', secondaryAddresses: 60 },
          { name: 'b', type: 't3.small', secondaryAddresses: 60 },
          { name: 'c', type: 'm5.large', ipv6Addresses: 1 },
        ],
      },
      findings: [
        '/nodes/0 EC2 would refuse it: InvalidInterface.IpAddressLimitExceeded: Number of private addresses will exceed limit: 61 addresses and prefixes, limit 4 for t3.small',
        expect.stringMatching(/^\/nodes\/2 EC2 would refuse it: InvalidParameterValue: .* has no IPv6 CIDR block$/),
      ],
    },
    {
      name: 'networks of one VPC that overlap',
      value: { vpc: { cidrs: ['10.0.0.0/16', '10.0.0.0/16'] } },
      findings: [expect.stringMatching(/^\/vpc EC2 would refuse it: /)],
    },
    {
      name: 'parts that do not fit together',
      value: {
        vpc: { cidrs: ['10.1.0.0/16'] },
        subnets: [
          { cidr: '10.1.0.0/24', ipv6: true, reservations: [{ cidr: '10.1.1.0/28', type: 'prefix' }] },
          { cidr: '10.1.0.128/25' },
          { cidr: '10.2.0.0/24' },
          { cidr: '10.1.5.5/24' },
        ],
        securityGroups: [
          { name: 'web', ingress: [{ protocol: 'tcp', peer: 'db' }] },
          { name: 'web' },
          { name: 'default' },
        ],
        nodes: [
          { name: 'Router', type: 't9.small', subnet: 'us-east-1z' },
          { name: 'a', type: 't3.small', interfaces: [{ deviceIndex: 1, securityGroups: ['nope'] }] },
          { name: 'a', type: 't3.small', subnet: 'us-east-1a' },
        ],
        dials: [{ action: 'Nothing', denied: true }, { action: 'DescribeVpcs' }],
        throttle: { Nothing: { size: 1, perSecond: 1 } },
        times: { attachMs: [9, 1] },
        clock: { at: 'noon', ahead: '1h' },
      },
      findings: [
        '/subnets/0/ipv6 needs /vpc/ipv6 to be true',
        '/subnets/0/reservations/0/cidr must be a network inside 10.1.0.0/24',
        '/subnets/1/cidr overlaps 10.1.0.0/24',
        '/subnets/2/cidr must be a /16 to /28 inside 10.1.0.0/16',
        '/subnets/3/cidr 10.1.5.5/24 is no IPv4 network such as 10.0.0.0/16',
        '/securityGroups/1/name web is there already',
        '/securityGroups/0/ingress/0/peer db is neither a network nor a group here',
        '/securityGroups/0/ingress/0/from tcp needs a port',
        '/securityGroups/2/name is always there',
        '/nodes/2/name a is there already',
        '/nodes/0/name must be lower-case letters, digits and hyphens, and not router or internet',
        '/nodes/0/type there is no instance type t9.small',
        '/nodes/0/subnet there is no subnet us-east-1z; there are …',
        '/nodes/1/interfaces/0/securityGroups/0 there is no group nope; there are …',
        '/dials/0 there is no action …',
        '/dials/1 a dial needs at least one of …',
        '/dials/0 there is one dial for Nothing: write its bucket here, not in /throttle',
        '/throttle/Nothing there is no such action',
        '/times/attachMs the shortest time is longer than the longest',
        '/clock only one of at, ahead',
        '/clock/at must be a time such as 2030-01-31T12:00:00Z, not "noon"',
      ],
    },
  ];
  const shown = (text: string): string => text.replace(/(there are |there is no action |at least one of ).*/, '$1…');
  for (const { name, value, findings } of rows)
    test(name, () => {
      const parsed = parseScenario(JSON.stringify(value));
      const found = parsed.kind === 'findings' ? parsed.findings : [];
      expect(found.map(({ pointer, message }) => shown(`${pointer} ${message}`))).toEqual([...findings]);
    });
  test('a text that is no JSON', () =>
    expect(parseScenario('{')).toMatchObject({ kind: 'findings', findings: [{ pointer: '' }] }));
});
