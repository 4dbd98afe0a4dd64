import { describe, expect, test } from 'bun:test';
import {
  describeStep,
  diffBoot,
  EMPTY_RECORD,
  type ForwardPolicy,
  forwardedFamilies,
  NOTHING_OF_BOOT,
  type ObservedBoot,
  recordSteps,
  type SysctlSettings,
  type WantedBoot,
  wantedSysctls,
} from '../../src/hostspec/index.ts';

const observed: ObservedBoot = {
  sysctls: {},
  conflist: 'absent',
  recordedBootId: 'now',
  bootId: 'now',
  staleResults: [],
  policies: [],
  directories: [],
  modules: {},
};
const both: readonly ForwardPolicy[] = [
  { family: 'ipv6', backend: 'nft', policy: 'DROP' },
  { family: 'ipv4', backend: 'nft', policy: 'DROP' },
  { family: 'ipv4', backend: 'legacy', policy: 'DROP' },
];
const module = (name: string, need: 'required' | 'optional' = 'optional') => ({ module: name, need, why: 'it fails' });
const stale = ['aws-cni-1-eth0', 'aws-cni-2-eth0'] as const;

const rows: readonly {
  readonly name: string;
  readonly wanted?: Partial<WantedBoot>;
  readonly seen: Partial<ObservedBoot>;
  readonly plan: readonly string[];
}[] = [
  {
    name: 'results of earlier boots go at the start of a boot',
    seen: { recordedBootId: 'before', staleResults: stale },
    plan: ['remove 2 results of earlier boots from /var/lib/cni/results', 'note boot now in /run/vpc-cni/boot-id'],
  },
  { name: 'and later not: then they are of pods that live', seen: { staleResults: stale }, plan: [] },
  {
    name: 'chains that drop what they forward, of the family that pods have',
    wanted: { forward: ['ipv4'] },
    seen: { policies: both },
    plan: [
      'set the policy of iptables-legacy FORWARD to ACCEPT (is DROP)',
      'set the policy of iptables-nft FORWARD to ACCEPT (is DROP)',
    ],
  },
  {
    name: 'the folder of a socket that the daemon may not make itself',
    wanted: { directories: ['/var/run/aws-node', '/var/run/there'] },
    seen: { directories: ['/var/run/there'] },
    plan: ['make directory /var/run/aws-node (0755)'],
  },
  {
    name: 'of both families',
    wanted: { forward: ['ipv4', 'ipv6'] },
    seen: { policies: both.filter(({ backend }) => backend === 'nft') },
    plan: [
      'set the policy of ip6tables-nft FORWARD to ACCEPT (is DROP)',
      'set the policy of iptables-nft FORWARD to ACCEPT (is DROP)',
    ],
  },
  {
    name: 'chains that accept stay',
    wanted: { forward: ['ipv4'] },
    seen: { policies: [{ family: 'ipv4', backend: 'nft', policy: 'ACCEPT' }] },
    plan: [],
  },
  {
    name: 'modules that can be loaded are; one that cannot is told',
    wanted: { modules: ['a', 'b', 'c', 'd'].map((name) => module(name)) },
    seen: { modules: { a: 'present', b: 'loadable', c: 'absent', d: 'unknown' } },
    plan: ['note: the kernel module c is not there and cannot be loaded: it fails', 'load the kernel module b'],
  },
];

describe('diffBoot()', () => {
  for (const { name, wanted, seen, plan } of rows) {
    test(name, () => {
      const { steps, notes } = diffBoot({ ...NOTHING_OF_BOOT, ...wanted }, { ...observed, ...seen });
      expect([...notes.map((note) => `note: ${note}`), ...steps.map(describeStep)]).toEqual([...plan]);
    });
  }

  test('the record keeps the first policy of a chain, and what unknown versions noted', () => {
    const by = { run: { pid: 7, startTime: '1' }, sha256Of: () => '' };
    const step = (before: 'ACCEPT' | 'DROP') =>
      ({ kind: 'set-forward-policy', family: 'ipv4', backend: 'nft', before, policy: 'ACCEPT' }) as const;
    const noted: typeof EMPTY_RECORD = { ...EMPTY_RECORD, ...{ adopted: { by: 'a newer version' } } };
    const record = recordSteps(recordSteps(noted, [step('DROP')], by), [step('ACCEPT')], by);
    expect(record).toEqual({ ...noted, policies: [{ family: 'ipv4', backend: 'nft', policy: 'DROP' }] });
  });
});

const settings: SysctlSettings = {
  DISABLE_TCP_EARLY_DEMUX: false,
  ENABLE_IPv6: false,
  ENABLE_V6_EGRESS: false,
  INTROSPECTION_BIND_ADDRESS: { host: '127.0.0.1', port: 61679 },
};
const PORTS = 'ip_local_reserved_ports=61678+61679?';
const sysctlRows: readonly (readonly [string, Partial<SysctlSettings>, string | undefined, readonly string[]])[] = [
  ['as they are', {}, 'eth0.7', ['ip_forward=1', 'eth0.7.rp_filter=2', 'tcp_early_demux=1?', PORTS]],
  ['without the primary link', {}, undefined, ['ip_forward=1', 'tcp_early_demux=1?', PORTS]],
  [
    'for probes of pods with security groups',
    { DISABLE_TCP_EARLY_DEMUX: true },
    'e',
    ['ip_forward=1', 'e.rp_filter=2', 'tcp_early_demux=0?', PORTS],
  ],
  [
    'of an IPv6 cluster',
    { ENABLE_IPv6: true },
    'e',
    [
      ...['ip_forward=1', 'e.rp_filter=2', 'tcp_early_demux=1?', PORTS],
      ...['v6:all.disable_ipv6=0', 'v6:e.accept_ra=2', 'v6:all.forwarding=1'],
    ],
  ],
  [
    'of IPv4 pods that reach IPv6',
    { ENABLE_V6_EGRESS: true },
    'e',
    ['ip_forward=1', 'e.rp_filter=2', 'tcp_early_demux=1?', PORTS, 'v6:e.accept_ra=2', 'v6:all.forwarding=1'],
  ],
];

describe('wantedSysctls()', () => {
  for (const [name, change, primaryLink, says] of sysctlRows) {
    test(name, () => {
      const sysctls = wantedSysctls({ settings: { ...settings, ...change }, primaryLink });
      const lines = sysctls.map(({ key, value, need }) => {
        const text = typeof value === 'string' ? value : value.ports.join('+');
        return `${key.join('.')}=${text}${need === 'optional' ? '?' : ''}`;
      });
      expect(
        lines.map((line) =>
          line.replace('net.ipv4.conf.', '').replace('net.ipv4.', '').replace('net.ipv6.conf.', 'v6:'),
        ),
      ).toEqual([...says]);
    });
  }

  test('ports are added to those others have reserved, and a second plan has nothing to add', () => {
    const wanted = { ...NOTHING_OF_BOOT, sysctls: wantedSysctls({ settings, primaryLink: undefined }).slice(-1) };
    const name = 'net.ipv4.ip_local_reserved_ports';
    const steps = (ports: string) => diffBoot(wanted, { ...observed, sysctls: { [name]: ports } }).steps;
    expect(steps('2703,61679').filter(({ kind }) => kind === 'set-sysctl')).toEqual([
      { kind: 'set-sysctl', key: name.split('.'), before: '2703,61679', value: '2703,61678-61679' },
    ]);
    expect(steps('2703,61678-61679').filter(({ kind }) => kind === 'set-sysctl')).toEqual([]);
    expect(steps('').map(describeStep)).toContain(`set ${name} = 61678-61679 (is empty)`);
  });

  test('packets of IPv6 are forwarded where pods have or reach IPv6', () => {
    const families = [{}, { ENABLE_IPv6: true }, { ENABLE_V6_EGRESS: true }].map((change) =>
      forwardedFamilies({ ...settings, ...change }).join(),
    );
    expect(families).toEqual(['ipv4', 'ipv4,ipv6', 'ipv4,ipv6']);
  });
});
