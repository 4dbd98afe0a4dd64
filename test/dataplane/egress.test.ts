import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { formatCidr, IP_FAMILIES, parseCidr, parseIp } from '../../src/addr/index.ts';
import {
  EGRESS,
  egressAddress,
  egressFamilyOf,
  egressHost,
  egressWiring,
  hostVethName,
  nextEgressHost,
  packetTables,
  podWiring,
} from '../../src/dataplane/index.ts';
import { EGRESS_IPAM } from '../../src/hostspec/index.ts';

const POD = { network: 'aws-cni', containerId: 'c-web', namespace: 'default', name: 'web', ifName: 'eth0' };
const place = { pod: POD, podIfName: 'eth0', vethPrefix: 'eni', mtu: 9001 };

test.each([
  ['ipv4', '169.254.172.2', '169.254.175.254', 1021],
  ['ipv6', 'fd00::ac:2', 'fd00::ac:3ff', 1022],
] as const)('the addresses of %s egress are those of upstream', (family, first, last, count) => {
  const { firstHost, lastHost, range, ifName } = EGRESS[family];
  expect([egressAddress(family, firstHost), egressAddress(family, lastHost)]).toEqual([parseIp(first), parseIp(last)]);
  expect(lastHost - firstHost + 1).toBe(count);
  expect(formatCidr(parseCidr(EGRESS_IPAM[family].subnet))).toBe(formatCidr(range));
  expect(egressFamilyOf(ifName)).toBe(family);
});

test('an address says which host of the range it is; gateway, network and addresses of others are none', () => {
  fc.assert(
    fc.property(fc.constantFrom(...IP_FAMILIES), fc.integer({ min: 2, max: 1022 }), (family, host) => {
      expect(egressHost(family, egressAddress(family, host))).toBe(host);
    }),
  );
  const none = [
    ...['169.254.172.1', '169.254.172.0', '169.254.175.255', '169.254.176.2', '169.254.171.255', 'fd00::ac:2'],
  ].map((address) => egressHost('ipv4', parseIp(address)));
  const none6 = ['fd00::ac:1', 'fd00::ac:400', 'fd00::ab:ffff', 'fd01::ac:2', '169.254.172.2'].map((address) =>
    egressHost('ipv6', parseIp(address)),
  );
  expect([...none, ...none6].filter((host) => host !== undefined)).toEqual([]);
  expect(['eth0', 'v4if1', ''].map(egressFamilyOf)).toEqual([undefined, undefined, undefined]);
});

test('the next host is free, and every other one was given before one comes again', () => {
  expect(nextEgressHost('ipv4', new Set(), 1)).toBe(2);
  expect(nextEgressHost('ipv4', new Set([2, 3]), 1)).toBe(4);
  expect(nextEgressHost('ipv4', new Set(), 1022)).toBe(2);
  const all = new Set(Array.from({ length: 1021 }, (_, index) => index + 2));
  expect(nextEgressHost('ipv4', all, 7)).toBeUndefined();
  all.delete(5);
  expect(nextEgressHost('ipv4', all, 5)).toBe(5);
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 2, max: 1023 })), fc.integer({ min: 1, max: 1023 }), (held, last) => {
      const next = nextEgressHost('ipv6', new Set(held), last);
      expect(next === undefined ? held.length === 1022 : !held.includes(next) && next >= 2 && next <= 1023).toBe(true);
    }),
  );
});

test('the second interface has a pair of its own, no rules, and turns the first one off for IPv6', () => {
  const own = podWiring({ ...place, address: parseIp('10.0.1.90'), table: 2 });
  const second = egressWiring({ ...place, family: 'ipv6', address: parseIp('fd00::ac:2') });
  expect(second.veth.container.name).toBe('v6if0');
  const macs = [own, second].flatMap(({ veth }) => [veth.host.mac, veth.container.mac]);
  expect(new Set([own.veth.host.name, second.veth.host.name]).size).toBe(2);
  expect(new Set(macs).size).toBe(4);
  const nameless = { ...POD, ifName: 'v6if0', namespace: undefined, name: undefined };
  expect(second.veth.host.name).toBe(hostVethName('eni', nameless));
  expect(second.hostRules).toEqual([]);
  expect(second.hostSteps.map(({ kind }) => kind)).toEqual(['set-link', 'set-neighbour', 'replace-route']);
  expect(second.podSysctls['net/ipv6/conf/eth0/disable_ipv6']).toBe('1');
  const ipv4 = egressWiring({ ...place, family: 'ipv4', address: parseIp('169.254.172.2') });
  expect(ipv4.podSteps).toContainEqual({
    kind: 'replace-route',
    route: { table: 254, destination: parseCidr('0.0.0.0/0'), gateway: parseIp('169.254.172.1'), link: 'v4if0' },
  });
  expect(ipv4.podSysctls).toEqual({});
});

test('there is a table only in the family in which something is translated or marked', () => {
  const egress = { randomize: 'prng' } as const;
  const ipv4 = { ...egress, family: 'ipv4', nodeAddress: parseIp('10.0.0.5') } as const;
  const ipv6 = { ...egress, family: 'ipv6', nodeAddress: parseIp('2001:db8::5') } as const;
  expect(packetTables({ pods: undefined, egress: undefined })).toEqual({});
  expect(Object.keys(packetTables({ pods: undefined, egress: ipv4 }))).toEqual(['ip']);
  expect(Object.keys(packetTables({ pods: undefined, egress: ipv6 }))).toEqual(['ip6']);
  const other = packetTables({ pods: undefined, egress: { ...ipv6, nodeAddress: parseIp('2001:db8::6') } });
  expect(other.ip6?.digest).not.toBe(packetTables({ pods: undefined, egress: ipv6 }).ip6?.digest);
  const text = packetTables({ pods: undefined, egress: { ...ipv4, randomize: 'none' } }).ip?.script;
  expect(text).toContain('ip saddr 169.254.172.0/22 ip daddr != 224.0.0.0/4 snat to 10.0.0.5\n');
});
