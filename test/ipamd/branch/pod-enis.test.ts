import { describe, expect, test } from 'bun:test';
import { toHostError } from '../../../src/errors/index.ts';
import { podEnisOfFile } from '../../../src/ipamd/branch/index.ts';
import { parsePodEni, parsePodEnis } from '../../../src/ipamd/branch/parse-pod-enis.ts';
import type { Owner } from '../../../src/pool/index.ts';

/** As the VPC resource controller writes it. */
const NOTE = {
  eniId: 'eni-0a',
  ifAddress: '02:00:00:00:03:07',
  privateIp: '10.0.3.7',
  ipv6Addr: '2001:db8:3::7',
  vlanId: 7,
  subnetCidr: '10.0.3.0/24',
  subnetV6Cidr: '2001:db8:3::/64',
  associationID: 'trunk-assoc-1',
};
const V4 = { vlanId: 7, mac: '02:00:00:00:03:07', address: '10.0.3.7', gateway: '10.0.3.1' };

const pod = (name: string, limits: object, annotation?: string) => ({
  kind: 'Pod',
  metadata: { namespace: 'default', name, annotations: annotation && { 'vpc.amazonaws.com/pod-eni': annotation } },
  spec: { containers: [{ resources: { limits } }] },
});
const WANTS = { 'vpc.amazonaws.com/pod-eni': '1' };

describe('parsePodEni()', () => {
  test('the address of each family, and the router of its subnet', () => {
    expect(JSON.parse(JSON.stringify(parsePodEni([NOTE], 'ipv4')))).toEqual(V4);
    expect(String(parsePodEni([NOTE], 'ipv6').address)).toBe('2001:db8:3::7');
    expect(String(parsePodEni([NOTE], 'ipv6').gateway)).toBe('fe80:ec2::1');
  });

  test('its text, and the spelling of upstream’s reader', () => {
    const { vlanId, ...rest } = NOTE;
    expect(parsePodEni(JSON.stringify([{ ...rest, vlanID: vlanId }]), 'ipv4')).toEqual(parsePodEni([NOTE], 'ipv4'));
  });

  const broken = [
    ['text that is no JSON', '{', 'is not JSON'],
    ['an empty list', [], 'is not a list of objects'],
    ['no VLAN', [{ ...NOTE, vlanId: 0 }], 'vlanId in vpc.amazonaws.com/pod-eni is 0, not 1 to 4094'],
    ['a VLAN that no tag can carry', [{ ...NOTE, vlanId: 4095 }], '4095'],
    ['no MAC', [{ ...NOTE, ifAddress: '' }], 'has no ifAddress'],
    ['a MAC that is none', [{ ...NOTE, ifAddress: '02:00' }], '"02:00" is not a MAC'],
    ['no address', [{ ...NOTE, privateIp: undefined }], 'has no privateIp'],
    [
      'an address of the other family',
      [{ ...NOTE, privateIp: '2001:db8::1' }],
      '2001:db8::1 is not an address of ipv4',
    ],
    ['a subnet that is none', [{ ...NOTE, subnetCidr: '10.0.3.0' }], '"10.0.3.0" is not an IPv4 CIDR'],
  ] as const;
  for (const [name, annotation, reason] of broken)
    test(`refuses ${name}`, () => expect(() => parsePodEni(annotation, 'ipv4')).toThrow(reason));
});

describe('parsePodEnis()', () => {
  test('by name: null where the annotation is still to come', () => {
    const text = JSON.stringify({ 'default/a': [NOTE], 'default/b': null });
    expect([...parsePodEnis(text)]).toEqual([
      ['default/a', [NOTE]],
      ['default/b', undefined],
    ]);
  });

  test('pods of kubectl: those whose first container asks for it', () => {
    const items = [
      pod('a', WANTS, JSON.stringify([NOTE])),
      pod('b', WANTS),
      pod('c', { cpu: '1' }, JSON.stringify([NOTE])),
    ];
    expect([...parsePodEnis(JSON.stringify({ kind: 'List', items })).keys()]).toEqual(['default/a', 'default/b']);
    expect([...parsePodEnis(JSON.stringify(items[1]))]).toEqual([['default/b', undefined]]);
  });

  const broken = [
    ['no JSON', '{', 'it is not JSON'],
    ['a list', '[]', 'it is not a JSON object'],
    ['without items', '{"kind":"Node"}', 'its kind is Node, and it has no items'],
    ['a pod without name', '{"kind":"List","items":[{}]}', 'no metadata.namespace'],
  ] as const;
  for (const [name, text, reason] of broken)
    test(`refuses ${name}`, () => expect(() => parsePodEnis(text)).toThrow(reason));
});

describe('the branch ENIs of a file', () => {
  const settings = { POD_ENI_FILE: '/etc/p.json' };
  const owner = (podName: string): Owner => ({
    ...{ network: 'aws-cni', containerId: 'c', ifName: 'eth0', podNamespace: 'default' },
    podName,
  });
  const codeOf = (text: string | undefined, name: string): string => {
    try {
      return String(podEnisOfFile({ files: { read: () => text }, settings }).read(owner(name), 'ipv4')?.address);
    } catch (error) {
      const { code, message } = toHostError(error);
      return `${code}: ${message}`;
    }
  };
  const text = JSON.stringify({ 'default/a': [NOTE], 'default/b': null, 'default/c': 'x' });

  const rows = [
    ['a', text, '10.0.3.7'],
    ['d', text, 'undefined'],
    ['b', text, 'POD_ENI_MISSING: pod default/b is to have a branch ENI, and /etc/p.json does not tell which'],
    ['c', text, 'POD_ENI_INVALID: the branch ENI of pod default/c cannot be read from /etc/p.json: '],
    ['a', undefined, 'POD_ENI_INVALID: the branch ENI of pod default/a cannot be read from /etc/p.json: there is no'],
    ['a', '{', 'POD_ENI_INVALID: the branch ENI of pod default/a cannot be read from /etc/p.json: it is not JSON'],
    ['a', '{}', 'undefined'],
  ] as const;
  for (const [name, content, said] of rows)
    test(`pod ${name} of ${content?.slice(0, 12)}: ${said.slice(0, 15)}`, () =>
      expect(codeOf(content, name)).toStartWith(said));

  test('a file that changes counts at once', () => {
    let content = '{}';
    const source = podEnisOfFile({ files: { read: () => content }, settings });
    expect(source.read(owner('a'), 'ipv4')).toBeUndefined();
    content = text;
    expect(source.read(owner('a'), 'ipv4')).toEqual(parsePodEni([NOTE], 'ipv4'));
  });

  test('a sandbox without names is no pod of the file', () => {
    const nameless = { ...owner('a'), podName: undefined };
    expect(podEnisOfFile({ files: { read: () => undefined }, settings }).read(nameless, 'ipv4')).toBeUndefined();
  });
});
