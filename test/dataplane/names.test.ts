import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  fitsAlias,
  holderOf,
  hostVethName,
  type PodIdentity,
  podAlias,
  podMacs,
  readPodAlias,
  routeTableOf,
  takenOverAlias,
  vethPrefixOf,
} from '../../src/dataplane/index.ts';
import { nginx } from './sample.ts';

// Names other software computes too (Calico, the AWS network-policy agent).
const VETHS = [
  { namespace: 'kube-system', name: 'coredns-57ff979f67-qqbdh', suffix: 'b5faff8a083' },
  { namespace: 'kube-system', name: 'coredns-57ff979f67-8ns9b', suffix: '9571956a6cc' },
  { namespace: 'kube-system', name: 'coredns-85d5b4454c-l9pwn', suffix: 'fd1c681e19c' },
  { namespace: 'default', name: 'sample-pod', suffix: 'cc21c2d7785' },
  { namespace: 'default', name: 'sample-pod.1', suffix: 'a0b7655f3c9' },
  { namespace: 'default', name: 'nginx', suffix: 'c440f455693' },
  { namespace: 'default', name: 'nginx.1', suffix: 'e48ae9c2f34' },
] as const;

for (const { namespace, name, suffix } of VETHS)
  test(`hostVethName() of ${namespace}/${name}`, () => {
    const pod = { ...nginx, namespace, name };
    expect([hostVethName('eni', pod), hostVethName('vlan', pod)]).toEqual([`eni${suffix}`, `vlan${suffix}`]);
  });

test('hostVethName() of a pod without names stands on its sandbox, and differs by interface', () => {
  const nameless = { ...nginx, name: undefined };
  const suffix = createHash('sha1').update('0123abcd.eth0').digest('hex').slice(0, 11);
  expect(hostVethName('eni', nameless)).toBe(`eni${suffix}`);
  expect(hostVethName('eni', { ...nameless, ifName: 'net1' })).not.toBe(`eni${suffix}`);
});

describe('routeTableOf()', () => {
  const rows = [
    { card: 0, device: 0, table: 254 },
    { card: 0, device: 1, table: 2 },
    { card: 0, device: 7, table: 8 },
    { card: 1, device: 0, table: 10100 },
    { card: 1, device: 1, table: 10101 },
    { card: 2, device: 3, table: 10203 },
    { card: 3, device: 2, table: 10302 },
  ];
  for (const { card, device, table } of rows)
    test(`card ${card}, device ${device} is table ${table}`, () => expect(routeTableOf({ card, device })).toBe(table));

  test('no two ENIs of an instance share a table', () => {
    const tables = Array.from({ length: 16 }, (_, card) =>
      Array.from({ length: 24 }, (_, device) => routeTableOf({ card, device })),
    ).flat();
    expect(new Set(tables).size).toBe(tables.length);
  });
});

test('podMacs() are locally administered unicast, differ per end, and depend on the sandbox alone', () => {
  const sandbox = fc.record({
    containerId: fc.stringMatching(/^[0-9a-f]{1,64}$/),
    ifName: fc.constantFrom('eth0', 'net1'),
  });
  fc.assert(
    fc.property(sandbox, fc.string(), (own, name) => {
      const { host, container } = podMacs({ ...nginx, ...own, name });
      expect([host, container].map((mac) => Number.parseInt(mac.slice(0, 2), 16) & 3)).toEqual([2, 2]);
      expect(host).not.toBe(container);
      expect(podMacs({ ...nginx, ...own })).toEqual({ host, container });
    }),
  );
});

test('the prefix of a host end is read back from its name', () => {
  for (const prefix of ['e', 'eni', 'vlan']) expect(vethPrefixOf(hostVethName(prefix, nginx))).toBe(prefix);
});

describe('podAlias()', () => {
  const WORD = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;
  const label = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,60}$/);
  const identity: fc.Arbitrary<PodIdentity> = fc
    .record({
      network: fc.stringMatching(WORD),
      containerId: fc.stringMatching(WORD),
      ifName: fc.stringMatching(/^[a-z0-9]{1,15}$/),
      names: fc.option(fc.record({ namespace: label, name: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,252}$/) })),
    })
    .map(({ names, ...rest }) => ({ ...rest, namespace: names?.namespace, name: names?.name }));

  test('fits the kernel and reads back; names that do not fit are left out whole', () => {
    fc.assert(
      fc.property(identity, (pod) => {
        const alias = podAlias(pod);
        const { network, containerId, ifName, namespace, name } = pod;
        const whole = `vpc-cni ${network} ${containerId} ${ifName}${name === undefined ? '' : ` ${namespace}/${name}`}`;
        const fits = Buffer.byteLength(whole) <= 255;
        expect(Buffer.byteLength(alias)).toBeLessThanOrEqual(255);
        expect(readPodAlias(alias)).toEqual(fits ? pod : { ...pod, namespace: undefined, name: undefined });
      }),
    );
  });

  test('of 255 bytes keeps the names, of 256 not', () => {
    const key = 'vpc-cni aws-cni 0123abcd eth0';
    const rest = 255 - `${key} default/`.length;
    const pod = (length: number): PodIdentity => ({ ...nginx, name: 'x'.repeat(length) });
    expect([podAlias(pod(rest)), podAlias(pod(rest + 1))]).toEqual([`${key} default/${'x'.repeat(rest)}`, key]);
  });

  test('an owner whose sandbox alone is too long for an alias is told apart', () => {
    const rest = 255 - 'vpc-cni aws-cni  eth0'.length;
    const pod = (length: number): PodIdentity => ({ ...nginx, network: 'aws-cni', containerId: 'c'.repeat(length) });
    expect([fitsAlias(pod(rest)), fitsAlias(pod(rest + 1))]).toEqual([true, false]);
    expect(Buffer.byteLength(podAlias(pod(rest)))).toBe(255);
  });

  test('of somebody else is nobody of ours', () => {
    const foreign = ['', 'uplink', 'vpc-cni', 'vpc-cni aws-cni 0123abcd', 'vpc-cnix a b eth0', 'my vpc-cni a b'];
    expect(foreign.map(readPodAlias)).toEqual(foreign.map(() => undefined));
  });
});

describe('holderOf() a link that has the name a pod is to have', () => {
  const pod: PodIdentity = { ...nginx, network: 'n', containerId: 'c1', ifName: 'eth0', namespace: 'ns', name: 'a' };
  const long = 'l'.repeat(250);
  const rows: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['tells of nobody', undefined, undefined],
    ['is its own', podAlias(pod), undefined],
    ['is of its earlier sandbox', podAlias({ ...pod, containerId: 'c0' }), undefined],
    ['is of a pod whose names did not fit', podAlias({ ...pod, containerId: 'c0', name: long }), undefined],
    ['is of another pod', podAlias({ ...pod, name: 'b' }), 'the host end of pod ns/b'],
    ['is of a namesake', podAlias({ ...pod, namespace: 'other' }), 'the host end of pod other/a'],
    [
      'is of its other interface',
      podAlias({ ...pod, ifName: 'net1' }),
      'the host end of interface net1 of container c1',
    ],
    ['is of somebody else', 'uplink', 'somebody else\'s, with the alias "uplink"'],
    ['was taken over', takenOverAlias(pod), undefined],
  ];
  test.each(rows)('which %s', (_, alias, holder) => {
    expect(holderOf({ alias }, pod)).toBe(holder);
  });
});
