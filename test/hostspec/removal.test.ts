import { expect, test } from 'bun:test';
import {
  describeRemoval,
  diffRemoval,
  EMPTY_RECORD,
  MARK,
  type ObservedEntry,
  PATHS,
  type Reloaded,
  ROOT,
} from '../../src/hostspec/index.ts';

const empty = {
  daemon: 'absent',
  keeper: 'systemd',
  kernel: 'ours',
  record: EMPTY_RECORD,
  sysctls: {},
  policies: [],
  directories: [],
  leftovers: [],
  programs: new Set<Reloaded>(),
} as const;

test('diffRemoval() has nothing to do where nothing of ours is', () => {
  const entries = new Map<string, ObservedEntry>([
    [PATHS.unit, { kind: 'file', mode: 0o644, owner: ROOT, text: 'theirs', sha256: '' }],
    ['/opt/cni/bin/loopback', { kind: 'link', target: '/usr/lib/cni/loopback' }],
    [PATHS.conflist, { kind: 'absent' }],
  ]);
  expect(diffRemoval({ ...empty, entries }, { ec2: 'keep' })).toEqual([]);
});

test('diffRemoval() withdraws the conflist first and the payload last', () => {
  const saved = `${PATHS.saved}/opt__cni__bin__aws-cni`;
  const entries = new Map<string, ObservedEntry>([
    [PATHS.command, { kind: 'link', target: PATHS.executable }],
    ['/opt/cni/bin/aws-cni', { kind: 'link', target: PATHS.executable }],
    [PATHS.unit, { kind: 'file', mode: 0o644, owner: ROOT, text: `# ${MARK}`, sha256: '' }],
    [PATHS.conflist, { kind: 'file', mode: 0o644, owner: ROOT, text: '{}', sha256: '' }],
    [PATHS.home, { kind: 'directory', mode: 0o755, owner: ROOT }],
    [PATHS.run, { kind: 'directory', mode: 0o700, owner: ROOT }],
    [saved, { kind: 'file', mode: 0o755, owner: ROOT, sha256: '' }],
  ]);
  const steps = diffRemoval(
    {
      ...empty,
      daemon: 'running',
      entries,
      sysctls: {
        'net.ipv4.ip_forward': '1',
        'net.ipv4.tcp_early_demux': '1',
        // Somebody else has reserved one since.
        'net.ipv4.ip_local_reserved_ports': '8080,61678-61679',
      },
      record: {
        ...EMPTY_RECORD,
        directories: ['/opt', '/opt/cni', '/opt/cni/bin'],
        saved: [{ path: '/opt/cni/bin/aws-cni', to: saved }],
        sysctls: [
          { key: ['net', 'ipv4', 'ip_forward'], value: '0' },
          { key: ['net', 'ipv4', 'tcp_early_demux'], value: '1' },
          { key: ['net', 'ipv4', 'ip_local_reserved_ports'], value: '' },
        ],
      },
    },
    { ec2: 'return' },
  );
  expect(steps.map(describeRemoval)).toEqual([
    'stop and disable vpc-cni-ipamd.service',
    `remove the conflist ${PATHS.conflist}`,
    'return our addresses and network interfaces to EC2',
    'remove our rules, routes, chains and pod links from the kernel',
    `remove the file ${PATHS.unit}`,
    `put back /opt/cni/bin/aws-cni from ${saved}`,
    'make systemd read its unit files again',
    'set net.ipv4.ip_forward back to 0',
    'set net.ipv4.ip_local_reserved_ports back to 8080',
    'remove /run/vpc-cni and all below it',
    `remove the link ${PATHS.command}`,
    'remove the directory /opt/cni/bin unless something else is in it',
    'remove the directory /opt/cni unless something else is in it',
    // The record is in it, and whoever comes after a kill needs that.
    'remove /opt/vpc-cni and all below it',
    'remove the directory /opt unless something else is in it',
  ]);
});

test('diffRemoval() tells programs that run of the drop-ins that go, after they are gone', () => {
  const file = (path: string) => [path, { kind: 'file', mode: 0o644, owner: ROOT, text: MARK, sha256: '' }] as const;
  const entries = new Map<string, ObservedEntry>([
    file('/etc/systemd/networkd.conf.d/90-vpc-cni.conf'),
    file('/etc/udev/rules.d/99-vpc-policy-routes.rules'),
  ]);
  const programs = new Set<Reloaded>(['systemd-networkd', 'systemd-udevd', 'amazon-ec2-net-utils']);
  const steps = diffRemoval({ ...empty, entries, programs }, { ec2: 'keep' }).map(describeRemoval);
  expect(steps.filter((step) => !step.startsWith('remove our'))).toEqual([
    'remove the file /etc/systemd/networkd.conf.d/90-vpc-cni.conf',
    'remove the file /etc/udev/rules.d/99-vpc-policy-routes.rules',
    'make systemd-udevd read its configuration again',
    'restart systemd-networkd, which reads this configuration only at its start',
  ]);
});

test('diffRemoval() tells programs also of what an uninstall had removed before it was killed', () => {
  const entries = new Map<string, ObservedEntry>([[PATHS.home, { kind: 'directory', mode: 0o755, owner: ROOT }]]);
  const record = { ...EMPTY_RECORD, files: [PATHS.unit, PATHS.networkdDropIn] };
  const programs = new Set<Reloaded>(['systemd-networkd']);
  const steps = diffRemoval({ ...empty, entries, programs, record }, { ec2: 'keep' }).map(describeRemoval);
  expect(steps.filter((step) => !step.startsWith('remove'))).toEqual([
    'make systemd read its unit files again',
    'restart systemd-networkd, which reads this configuration only at its start',
  ]);
});

test('diffRemoval() takes the state of a boot away also where nothing else is', () => {
  const entries = new Map<string, ObservedEntry>([[PATHS.run, { kind: 'directory', mode: 0o700, owner: ROOT }]]);
  const steps = diffRemoval({ ...empty, entries }, { ec2: 'keep' }).map(describeRemoval);
  expect(steps).toContain('remove /run/vpc-cni and all below it');
});
