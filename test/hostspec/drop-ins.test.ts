import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseMac } from '../../src/addr/index.ts';
import {
  type DropIn,
  describeReload,
  dropInEntries,
  dropIns,
  eniFilePaths,
  eniFiles,
  isOurText,
  type Reloaded,
  reloadSteps,
} from '../../src/hostspec/index.ts';

const GOLDEN = join(import.meta.dir, 'golden/drop-ins');
const MAC = parseMac('02:aa:bb:cc:dd:ee');

/** One flat name a path. */
const goldenName = ({ path }: DropIn): string => path.slice(1).replaceAll('/', '__');

const ALL = [...dropIns({ AWS_VPC_K8S_CNI_VETHPREFIX: 'eni' }), ...eniFiles(MAC)];

for (const dropIn of ALL)
  test(`${dropIn.path} is the golden file, and is marked as ours`, () => {
    expect(dropIn.text).toBe(readFileSync(join(GOLDEN, goldenName(dropIn)), 'utf8'));
    expect(isOurText(dropIn.text)).toBe(true);
  });

test('there is no golden file of a drop-in that is no more', () => {
  expect(readdirSync(GOLDEN).sort()).toEqual(ALL.map(goldenName).sort());
});

test('another prefix of pod links is in the two files that name it, and in no other', () => {
  const changed = dropIns({ AWS_VPC_K8S_CNI_VETHPREFIX: 'ens' }).filter(({ text, path }) =>
    ALL.every((other) => other.path !== path || other.text !== text),
  );
  expect(changed.map(({ path, text }) => [path, /ens\?+/.exec(text)?.[0]])).toEqual([
    ['/etc/systemd/network/05-vpc-cni-pods.network', 'ens???????????'],
    ['/etc/NetworkManager/conf.d/90-vpc-cni-pods.conf', 'ens???????????'],
  ]);
});

test('the wanted entries are these files, readable by all', () => {
  expect(dropInEntries({ AWS_VPC_K8S_CNI_VETHPREFIX: 'eni' })).toEqual(
    dropIns({ AWS_VPC_K8S_CNI_VETHPREFIX: 'eni' }).map(({ path, text }) => ({ kind: 'file', path, mode: 0o644, text })),
  );
});

test('files of ENIs are known by name, and no other file in their folders is', () => {
  const there = [...ALL.map(({ path }) => path), '/etc/systemd/network/05-vpc-cni-02aabbccddee.network.bak'];
  const list = (folder: string): readonly string[] =>
    there.filter((path) => dirname(path) === folder).map((path) => basename(path));
  expect(eniFilePaths(list)).toEqual(eniFiles(MAC).map(({ path }) => path));
});

const EVERY: ReadonlySet<Reloaded> = new Set([
  'systemd-networkd',
  'systemd-udevd',
  'NetworkManager',
  'amazon-ec2-net-utils',
]);

describe('reloadSteps()', () => {
  const rows = [
    { name: 'nothing changed', changed: [], running: EVERY, steps: [] },
    { name: 'no program runs', changed: ALL.map(({ path }) => path), running: new Set<Reloaded>(), steps: [] },
    {
      name: 'all is new: networkd is restarted, and then need not be reloaded',
      changed: ALL.map(({ path }) => path),
      running: EVERY,
      steps: [
        'make systemd-udevd read its configuration again',
        'stop the timers with which amazon-ec2-net-utils would add addresses and rules again',
        'restart systemd-networkd, which reads this configuration only at its start',
        'make NetworkManager read its configuration again',
      ],
    },
    {
      name: 'only the file of pod links',
      changed: ['/etc/systemd/network/05-vpc-cni-pods.network'],
      running: EVERY,
      steps: ['make systemd-networkd read its configuration again'],
    },
    {
      name: 'only the udev drop-in, which networkd does not read',
      changed: ['/etc/systemd/network/99-default.link.d/90-vpc-cni.conf'],
      running: EVERY,
      steps: ['make systemd-udevd read its configuration again'],
    },
    {
      name: 'something else',
      changed: ['/etc/sysctl.d/90-vpc-cni.conf', '/etc/cloud/cloud.cfg.d/99-vpc-cni.cfg'],
      running: EVERY,
      steps: [],
    },
  ] as const;
  for (const { name, changed, running, steps } of rows)
    test(name, () => {
      expect(reloadSteps({ changed, running }).map(describeReload)).toEqual([...steps]);
    });
});
