import { describe, expect, test } from 'bun:test';
import { parseIpv4 } from '../../src/addr/index.ts';
import { parsePrevResult } from '../../src/cniproto/index.ts';
import { podWiring } from '../../src/dataplane/index.ts';
import { type KeptResult, resultDifference, wiringAfterChain } from '../../src/ipamd/check-result.ts';

const address = parseIpv4('10.0.1.90');
const NETNS = '/run/netns/p1';
const wiring = podWiring({
  pod: { network: 'aws-cni', namespace: 'default', name: 'web', containerId: 'c1', ifName: 'eth0' },
  address,
  table: 2,
  vethPrefix: 'eni',
  mtu: 9001,
});
const { host, container } = wiring.veth;

interface Shape {
  readonly host?: object | null;
  readonly container?: object | null;
  readonly ip?: object;
  readonly more?: readonly object[];
}

function kept(shape: Shape): KeptResult {
  const ends = [
    shape.host === null ? [] : [{ name: host.name, mac: host.mac, ...shape.host }],
    shape.container === null ? [] : [{ name: 'eth0', mac: container.mac, sandbox: NETNS, ...shape.container }],
  ].flat();
  const result = parsePrevResult({
    interfaces: [...ends, ...(shape.more ?? [])],
    ips: [{ address: '10.0.1.90/32', interface: 1, ...shape.ip }],
  });
  return { result, address, table: 2, netns: NETNS, wiring };
}

describe('resultDifference()', () => {
  const OURS = [
    ['as it was', {}, undefined],
    ['with what later plugins added', { more: [{ name: 'bwp1234' }, { name: 'eth9', sandbox: NETNS }] }, undefined],
    ['with the folder by its other name', { container: { sandbox: '/var/run/netns/p1' } }, undefined],
    ['with the MAC a later plugin gave', { container: { mac: '02:00:00:00:00:99' } }, undefined],
    ['with capitals in the MAC', { host: { mac: host.mac.toUpperCase() } }, undefined],
    ['another address', { ip: { address: '10.0.1.91/32' } }, 'the result given lacks its address 10.0.1.90/32'],
    ['no host end', { host: null, ip: { interface: 0 } }, `the result given lacks the host's link ${host.name}`],
    ['a host end in a sandbox', { host: { sandbox: NETNS } }, `the result given lacks the host's link ${host.name}`],
    ['no interface', { container: null, ip: { interface: 0 } }, 'the result given lacks the interface eth0'],
    [
      'the address on the host',
      { ip: { interface: 0 } },
      `the result given has 10.0.1.90/32 on ${host.name}, not on the interface eth0`,
    ],
    [
      'another sandbox',
      { container: { sandbox: '/run/netns/p2' } },
      'the result given is of the sandbox /run/netns/p2, not of /run/netns/p1',
    ],
    [
      'another MAC of the host end',
      { host: { mac: '02:00:00:00:00:99' } },
      `the result given has the MAC 02:00:00:00:00:99 for ${host.name}, not ${host.mac}`,
    ],
  ] as const satisfies readonly (readonly [string, Shape, string | undefined])[];
  test.each(OURS)('of ours: %s', (_, shape, says) => expect(resultDifference(kept(shape))).toBe(says));

  // Of upstream's plugin: no MAC on the host, the number of the route table in place of the interface's, and the store.
  const upstreams = (mac: string | undefined) => ({
    host: { mac: undefined },
    container: { mac },
    more: [{ name: `dummy${host.name.slice(3)}`, mac: '0', sandbox: '1' }],
  });
  const UPSTREAM = [
    ['its table', upstreams('2'), undefined],
    ['before 1.20, without the table', upstreams(undefined), undefined],
    ['another table', upstreams('3'), 'the result given has the route table 3, not 2'],
    [
      'another address',
      { ...upstreams('2'), ip: { address: '10.0.1.9/32' } },
      'the result given lacks its address 10.0.1.90/32',
    ],
  ] as const satisfies readonly (readonly [string, Shape, string | undefined])[];
  test.each(UPSTREAM)("of upstream's: %s", (_, shape, says) => expect(resultDifference(kept(shape))).toBe(says));

  test('an orphan, whose ENI nobody knows, has no table to compare', () => {
    expect(resultDifference({ ...kept(upstreams('3')), table: undefined })).toBeUndefined();
  });
});

describe('wiringAfterChain()', () => {
  const ends = (shape: Shape): readonly unknown[] => {
    const { veth, ...rest } = wiringAfterChain(kept(shape));
    expect(rest).toEqual((({ veth: _, ...others }) => others)(wiring));
    return [veth.host, veth.container.mac, veth.mtu];
  };

  test('is the wiring where nobody changed anything', () => {
    expect(ends({})).toEqual([host, container.mac, 9001]);
    expect(ends({ container: { mac: '2' }, more: [{ name: 'dummyc440f455693', mac: '0', sandbox: '1' }] })).toEqual([
      host,
      container.mac,
      9001,
    ]);
  });

  test('has the MAC and the MTU that a later plugin set', () => {
    expect(ends({ container: { mac: '02:00:00:00:00:99', mtu: 1400 } })).toEqual([host, '02:00:00:00:00:99', 1400]);
  });
});
