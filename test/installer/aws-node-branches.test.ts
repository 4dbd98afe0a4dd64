import { describe, expect, test } from 'bun:test';
import { parseIpv4, parseMac } from '../../src/addr/index.ts';
import { type Link, readBranchAlias, readPodAlias } from '../../src/dataplane/index.ts';
import { PATHS } from '../../src/hostspec/index.ts';
import { findBranches, KEPT_RESULTS, keptBranches, namingSteps } from '../../src/installer/aws-node-branches.ts';
import { parseKeptBranch } from '../../src/installer/parse-kept-result.ts';
import { createFiles, withTemporaryDirectory } from '../../src/sys/index.ts';
import { awsNodeResult } from '../support/aws-node.ts';
import {
  type AwsNodeBranchPod,
  awsNodeBranchResult,
  awsNodeBranchVeth,
  keptResult,
} from '../support/aws-node-branch.ts';

const MAC = parseMac('02:00:00:00:03:07');
const pod = (name: string, vlanId: number, mode: AwsNodeBranchPod['mode'] = 'strict'): AwsNodeBranchPod => ({
  ...{ namespace: 'shop', name, containerId: `c-${name}`, netns: `/run/netns/${name}`, address: `10.0.3.${vlanId}` },
  ...{ vlanId, mac: MAC, gateway: '10.0.3.1', trunk: 'eth2', mode },
});
const text = (of: AwsNodeBranchPod): string => keptResult(of, awsNodeBranchResult(of));
const kept = (...pods: readonly AwsNodeBranchPod[]) => pods.flatMap((each) => parseKeptBranch(text(each)) ?? []);
const link = (name: string, change: Partial<Link> = {}): Link => ({
  ...{ index: 7, name, mac: MAC, mtu: 9001, up: true, group: 0, alias: undefined },
  ...change,
});
const db = pod('db', 7);
const links = (...pods: readonly AwsNodeBranchPod[]) => ({
  links: pods.flatMap((each) => [link(awsNodeBranchVeth(each)), link(`vlan.eth.${each.vlanId}`)]),
});

describe('parseKeptBranch()', () => {
  test('reads what libcni has kept of upstream’s ADD', () => {
    expect(parseKeptBranch(text(db))).toEqual({
      owner: { network: 'aws-cni', containerId: 'c-db', ifName: 'eth0', podNamespace: 'shop', podName: 'db' },
      netns: '/run/netns/db',
      hostEnd: awsNodeBranchVeth(db),
      vlanId: 7,
      address: parseIpv4('10.0.3.7'),
      gateway: parseIpv4('10.0.3.1'),
    });
  });

  const ordinary = awsNodeResult({ ...db, table: 2 });
  const { interfaces, ips } = awsNodeBranchResult(db);
  const rows: readonly (readonly [string, string])[] = [
    ['a pod with an address of the pool', keptResult(db, ordinary)],
    ['another plugin', keptResult(db, { interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox: '/x' }] })],
    ['no addresses', keptResult(db, { interfaces })],
    ['no interfaces', keptResult(db, { ips })],
    ['a VLAN that there is not', text(pod('x', 4095))],
    ['a pod of IPv6', text({ ...db, address: '2001:db8::7' })],
    ['another kind of file', text(db).replace('cniCacheV1', 'cniCacheV9')],
    ['no container', text(db).replace('"containerId":"c-db"', '"containerId":""')],
    ['half of a file', text(db).slice(0, 200)],
    ['a list', '[]'],
    ['nothing', ''],
  ];
  test.each(rows)('%s is none', (_, content) => expect(parseKeptBranch(content)).toBeUndefined());
});

test('keptBranches() leaves out sandboxes that are gone', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    files.ensureDirectory(KEPT_RESULTS, 0o700);
    const there = { ...db, netns: PATHS.record };
    files.ensureDirectory('/opt/vpc-cni', 0o755);
    files.replace({ path: there.netns, text: '', mode: 0o600 });
    for (const [n, each] of [there, pod('gone', 8)].entries())
      files.replace({ path: `${KEPT_RESULTS}/aws-cni-${n}-eth0`, text: text(each), mode: 0o600 });
    expect(keptBranches(files).map(({ vlanId }) => vlanId)).toEqual([7]);
  }));

describe('findBranches()', () => {
  const web = pod('web', 8, 'standard');
  const twin = { ...db, containerId: 'c-again' };
  const rows = [
    { name: 'pods of both modes', links: links(db, web), kept: kept(db, web), found: ['db', 'web'], says: '' },
    { name: 'no branch ENIs', links: { links: [link('eth0')] }, kept: kept(db), found: [], says: '' },
    {
      name: 'a link that a daemon of ours has named',
      links: { links: [link('vlan.eth.7', { alias: 'vpc-cni-branch x y z' })] },
      kept: [],
      found: [],
      says: '',
    },
    {
      name: 'one that no result speaks of',
      links: links(db, web),
      kept: kept(web),
      found: ['web'],
      says: 'no result in /var/lib/cni/results says which pod uses vlan.eth.7',
    },
    {
      name: 'one whose host end is gone',
      links: { links: [link('vlan.eth.7')] },
      kept: kept(db),
      found: [],
      says: 'no result in /var/lib/cni/results says which pod uses vlan.eth.7',
    },
    {
      name: 'two sandboxes that claim one',
      links: links(db),
      kept: kept(db, twin),
      found: [],
      says: 'c-db and c-again both claim vlan.eth.7',
    },
    {
      name: 'one that upstream has put into a table of the kernel',
      links: links(pod('x', 154)),
      kept: kept(pod('x', 154)),
      found: [],
      says: "vlan.eth.154 has its routes in table 254, which is the kernel's own",
    },
  ];
  for (const row of rows)
    test(row.name, () => {
      const { found, unsupported } = findBranches(row.links, row.kept);
      expect(found.map(({ owner }) => owner.podName ?? '')).toEqual(row.found);
      expect(unsupported.join()).toBe(row.says);
    });

  test('what is written on the links is what the daemon reads', () => {
    const { found } = findBranches(links(db), kept(db));
    const aliases = namingSteps(found).flatMap((step) => (step.kind === 'set-link' ? [step.alias ?? ''] : []));
    expect(aliases).toEqual([
      'vpc-cni aws-cni c-db eth0 shop/db branch 7 02:00:00:00:03:07 10.0.3.7 10.0.3.1 from aws-node',
      'vpc-cni-branch aws-cni c-db eth0',
    ]);
    expect(readBranchAlias(aliases[0] ?? '')).toMatchObject({ vlanId: 7, address: '10.0.3.7', gateway: '10.0.3.1' });
    expect(readPodAlias(aliases[0] ?? '')).toMatchObject({ containerId: 'c-db', namespace: 'shop', name: 'db' });
  });
});
