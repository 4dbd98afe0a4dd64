import { describe, expect, test } from 'bun:test';
import {
  type PreflightFacts,
  parseRival,
  preflight,
  regionClaims,
  regionOfEndpoint,
  WANTED_MODULES,
} from '../../src/hostspec/index.ts';

const fine: PreflightFacts = {
  stage: 'all',
  foreign: 'keep',
  region: 'eu-west-1',
  claims: [],
  rivals: [],
  kubelet: undefined,
  modules: WANTED_MODULES,
  moduleStates: {},
};
const rival = { path: '/etc/cni/net.d/05-cilium.conflist', network: 'cilium', role: 'takes-over' } as const;
const kubelet = { name: 'kubelet', pid: 812 } as const;
const REFUSED =
  'container runtimes would use /etc/cni/net.d/05-cilium.conflist (cilium) instead of ours: its name sorts first';
const NOTED = 'note: container runtimes use /etc/cni/net.d/05-cilium.conflist (cilium) before ours';

const rows: readonly {
  readonly name: string;
  readonly facts: Partial<PreflightFacts>;
  readonly says: readonly string[];
}[] = [
  { name: 'nothing against it', facts: {}, says: [] },
  {
    name: 'two names of other regions',
    facts: {
      claims: [
        { name: 'AWS_REGION', region: 'us-east-1' },
        { name: 'AWS_DEFAULT_REGION', region: 'eu-west-1' },
        { name: 'AWS_ENDPOINT_URL_EC2=https://ec2.us-east-2.amazonaws.com', region: 'us-east-2' },
      ],
    },
    says: [
      'AWS_REGION says region us-east-1, but this instance is in eu-west-1',
      'AWS_ENDPOINT_URL_EC2=https://ec2.us-east-2.amazonaws.com says region us-east-2, but this instance is in eu-west-1',
    ],
  },
  {
    name: 'a region nobody can compare yet',
    facts: { region: undefined, claims: [{ name: 'AWS_REGION', region: 'us-east-1' }] },
    says: [],
  },
  { name: 'a rival', facts: { rivals: [rival] }, says: [REFUSED] },
  { name: 'a rival at a boot, where nobody can be asked', facts: { stage: 'boot', rivals: [rival] }, says: [NOTED] },
  { name: 'a rival in an image', facts: { stage: 'image', rivals: [rival] }, says: [NOTED] },
  { name: 'a rival and --force', facts: { foreign: 'replace', rivals: [rival] }, says: [NOTED] },
  {
    name: 'a meta-plugin',
    facts: { rivals: [{ path: '/etc/cni/net.d/00-multus.conf', network: 'multus-cni-network', role: 'delegates' }] },
    says: ['note: /etc/cni/net.d/00-multus.conf (multus-cni-network) comes before ours and hands on to it'],
  },
  {
    name: 'a kubelet before us',
    facts: { kubelet },
    says: ['kubelet (pid 812) runs already: its pods were given their network by something else'],
  },
  { name: 'a kubelet before us and --force', facts: { kubelet, foreign: 'replace' }, says: [] },
  { name: 'a kubelet at boot', facts: { kubelet, stage: 'boot' }, says: [] },
  {
    name: 'a kernel without veth, and one without what is optional',
    facts: { moduleStates: { veth: 'absent', ifb: 'absent', nf_tables: 'loadable', nf_conntrack: 'unknown' } },
    says: ['the kernel module veth is not there and cannot be loaded: no pod can be given a link'],
  },
  {
    name: 'several reasons, each named',
    facts: { kubelet, rivals: [rival], claims: [{ name: 'AWS_REGION', region: 'us-east-1' }] },
    says: [
      'AWS_REGION says region us-east-1, but this instance is in eu-west-1',
      REFUSED,
      'kubelet (pid 812) runs already: its pods were given their network by something else',
    ],
  },
];

describe('preflight()', () => {
  for (const { name, facts, says } of rows) {
    test(name, () => {
      const { problems, notes } = preflight({ ...fine, ...facts });
      expect([...problems.map(({ message }) => message), ...notes.map((note) => `note: ${note}`)]).toEqual([...says]);
    });
  }
});

describe('regionOfEndpoint()', () => {
  const endpoints = {
    'https://ec2.eu-west-1.amazonaws.com': 'eu-west-1',
    'https://ec2-fips.us-gov-west-1.amazonaws.com/': 'us-gov-west-1',
    'https://ec2.cn-north-1.amazonaws.com.cn': 'cn-north-1',
    'https://ec2.eu-central-1.api.aws': 'eu-central-1',
    'https://vpce-0a1b-2c3d.ec2.ap-southeast-2.vpce.amazonaws.com': 'ap-southeast-2',
    'http://127.0.0.1:4566': undefined,
    'http://us-east-1.example.com': undefined,
    '': undefined,
  } as const;
  for (const [url, region] of Object.entries(endpoints)) {
    test(`of "${url}" is ${region}`, () => expect(regionOfEndpoint(url)).toBe(region));
  }

  test('regionClaims() are those of the environment and of endpoints with a region', () => {
    const claims = regionClaims({
      env: { AWS_REGION: ' us-east-1 ', AWS_DEFAULT_REGION: '' },
      endpoints: { AWS_ENDPOINT_URL_EC2: 'https://ec2.us-west-2.amazonaws.com', OTHER: 'http://127.0.0.1' },
    });
    expect(claims).toEqual([
      { name: 'AWS_REGION', region: 'us-east-1' },
      { name: 'AWS_ENDPOINT_URL_EC2=https://ec2.us-west-2.amazonaws.com', region: 'us-west-2' },
    ]);
  });
});

describe('parseRival()', () => {
  const path = '/etc/cni/net.d/05-x.conf';
  const texts: readonly (readonly [string, ReturnType<typeof parseRival>])[] = [
    ['{"name":"a","type":"bridge"}', { path, network: 'a', role: 'takes-over' }],
    ['{"name":"a","plugins":[{"type":"calico"},{"type":"portmap"}]}', { path, network: 'a', role: 'takes-over' }],
    ['{"name":"m","type":"multus-shim"}', { path, network: 'm', role: 'delegates' }],
    [
      '{"name":"aws-cni","plugins":[{"type":"aws-cni"},{"type":"cilium-cni"}]}',
      { path, network: 'aws-cni', role: 'delegates' },
    ],
    ['{"name":"a","plugins":[]}', undefined],
    ['{"type":"bridge"}', undefined],
    ['[]', undefined],
    ['{', undefined],
    ['', undefined],
  ];
  for (const [text, rivalOf] of texts) {
    test(`of ${text || 'an empty file'}`, () => expect(parseRival(path, text)).toEqual(rivalOf));
  }
});
