import { describe, expect, test } from 'bun:test';
import {
  describeRemoval,
  diffHandback,
  diffRemoval,
  EMPTY_RECORD,
  type ObservedEntry,
  type ObservedInstall,
  PATHS,
  ROOT,
} from '../../src/hostspec/index.ts';

const file: ObservedEntry = { kind: 'file', mode: 0o755, owner: ROOT, sha256: '', text: '' };
const link = (target: string): ObservedEntry => ({ kind: 'link', target });
const directory: ObservedEntry = { kind: 'directory', mode: 0o755, owner: ROOT };
const SAVED = '/opt/vpc-cni/saved/opt__cni__bin__aws-cni';

/** An installation that took the place of aws-node's aws-cni; it had no egress-cni. */
const serving: ObservedInstall = {
  daemon: 'running',
  keeper: 'systemd',
  programs: new Set(),
  kernel: 'ours',
  entries: new Map<string, ObservedEntry>([
    [PATHS.home, directory],
    [PATHS.run, directory],
    [PATHS.conflist, file],
    [SAVED, file],
    [`${PATHS.cniBin}/aws-cni`, link(PATHS.executable)],
    [`${PATHS.cniBin}/egress-cni`, link(PATHS.executable)],
    [PATHS.unitEnabled, link(PATHS.unit)],
  ]),
  record: {
    ...EMPTY_RECORD,
    saved: [{ path: `${PATHS.cniBin}/aws-cni`, to: SAVED }],
    sysctls: [{ key: ['net', 'ipv4', 'ip_forward'], value: '0' }],
    policies: [{ family: 'ipv4', backend: 'nft', policy: 'DROP' }],
  },
  sysctls: { 'net.ipv4.ip_forward': '1' },
  policies: [{ family: 'ipv4', backend: 'nft', policy: 'ACCEPT' }],
  leftovers: [],
};
const without = (observed: ObservedInstall, ...paths: readonly string[]): ObservedInstall => ({
  ...observed,
  entries: new Map([...observed.entries].filter(([path]) => !paths.includes(path))),
});
const handedBack: ObservedInstall = { ...serving, record: { ...serving.record, handedBack: '2026-01-01T00:00:00Z' } };
const plan = (observed: ObservedInstall, pods?: number): readonly string[] =>
  diffHandback(observed, pods === undefined ? undefined : { pods }).map(describeRemoval);

describe('diffHandback()', () => {
  test('the whole way, in its order', () => {
    expect(plan(serving, 3)).toEqual([
      'stop and disable vpc-cni-ipamd.service',
      'remove the conflist /etc/cni/net.d/10-aws.conflist',
      `put back /opt/cni/bin/aws-cni from ${SAVED}`,
      'remove the link /opt/cni/bin/egress-cni',
      'write 3 pods to /var/run/aws-node/ipam.json, for aws-node to read',
      `remove the link ${PATHS.unitEnabled}`,
      'make systemd read its unit files again',
      'note in /opt/vpc-cni/host.json that this node is aws-node’s'.replace('’', "'"),
      'remove /run/vpc-cni and all below it',
    ]);
  });

  test('interrupted anywhere, the rest is what is left to do', () => {
    const stopped: ObservedInstall = { ...serving, daemon: 'absent' };
    const given = without(
      {
        ...stopped,
        entries: new Map(stopped.entries).set(`${PATHS.cniBin}/aws-cni`, file).set(PATHS.conflist, { kind: 'absent' }),
      },
      SAVED,
      `${PATHS.cniBin}/egress-cni`,
    );
    expect(plan(given, 1)[0]).toBe('write 1 pod to /var/run/aws-node/ipam.json, for aws-node to read');
    expect(plan(without(given, PATHS.unitEnabled), 1)).toHaveLength(3);
  });

  test('a plugin that somebody has put in the place of ours stays', () => {
    const entries = new Map(serving.entries).set(`${PATHS.cniBin}/aws-cni`, file);
    expect(plan({ ...serving, entries }, 3).filter((line) => line.includes('/aws-cni'))).toEqual([]);
  });

  test('once noted, the checkpoint is aws-node’s own and never written again', () => {
    expect(plan({ ...handedBack, daemon: 'absent' }, 3)).toEqual(['remove /run/vpc-cni and all below it']);
    expect(plan(without({ ...handedBack, daemon: 'absent' }, PATHS.run), 3)).toEqual([]);
  });

  test('a host without us has nothing to hand back', () => {
    expect(plan({ ...serving, entries: new Map(), daemon: 'absent' }, 3)).toEqual([]);
  });
});

describe('diffRemoval() of a node that is aws-node’s', () => {
  const removal = (node: 'nobody' | 'aws-node-again' | 'aws-node'): readonly string[] =>
    diffRemoval({ ...serving, daemon: 'absent' }, { ec2: 'keep', node }).map(describeRemoval);
  const KERNEL = 'remove our rules, routes, chains and pod links from the kernel';
  const TABLE = 'remove our packet rules from the kernel, and leave the wiring of the pods';
  const FORWARD = 'set net.ipv4.ip_forward back to 0';

  test('its conflist, its sysctls and its pods stay', () => {
    const left = removal('nobody').filter((line) => !removal('aws-node').includes(line));
    expect(left).toEqual([
      'remove the conflist /etc/cni/net.d/10-aws.conflist',
      KERNEL,
      FORWARD,
      expect.stringMatching(/^set the policy of .*FORWARD.* back to DROP$/),
    ]);
    expect(removal('aws-node')).toContain(TABLE);
  });

  test('taken back from a takeover that failed, only the pods stay', () => {
    expect(removal('aws-node-again')).toEqual(removal('nobody').map((line) => (line === KERNEL ? TABLE : line)));
  });
});
