import { expect, test } from 'bun:test';
import { parseIpv4, parseMac } from '../../src/addr/index.ts';
import { branchAlias, DEAD_LINK_GROUP, type Link, podAlias, vlanAlias } from '../../src/dataplane/index.ts';
import { branchPodsOf, branchRemoval } from '../../src/installer/branch-pods.ts';

const pod = { network: 'aws-cni', namespace: 'shop', name: 'db', containerId: 'c1', ifName: 'eth0' };
const branch = {
  ...{ vlanId: 7, mac: parseMac('02:00:00:00:03:07') },
  ...{ address: parseIpv4('10.0.3.7'), gateway: parseIpv4('10.0.3.1') },
};
const link = (alias: string | undefined, change: Partial<Link> = {}): Link => ({
  ...{ index: 7, name: 'x', mac: undefined, mtu: 9001, up: true, group: 0, alias },
  ...change,
});

const owner = { network: 'aws-cni', containerId: 'c1', ifName: 'eth0', podNamespace: 'shop', podName: 'db' };
const alias = branchAlias(pod, branch);

test('branchPodsOf() names the pods that we have wired with a branch ENI, and nobody else', () => {
  expect(branchPodsOf([link(alias), link(branchAlias({ ...pod, name: undefined }, branch))], [])).toEqual([
    'shop/db (10.0.3.7)',
    'c1 (10.0.3.7)',
  ]);
  const others = [link(undefined), link(podAlias(pod)), link(vlanAlias(pod)), link('branch 7 a b c')];
  const theirs = link(branchAlias(pod, branch, 'aws-node'));
  expect(branchPodsOf([...others, theirs, link(alias, { group: DEAD_LINK_GROUP })], [])).toEqual([]);
  expect(branchPodsOf([link(alias)], [owner])).toEqual([]);
});

test('branchRemoval() unwires pods whose DEL was kept, and links without a pod', () => {
  const end = link(alias, { name: 'vlan0123456789a' });
  const [vlan, stale] = [link(vlanAlias(pod), { name: 'vlan.eth.7' }), link(vlanAlias(pod), { name: 'vlan.eth.9' })];
  const buried = (deleted: readonly (typeof owner)[]) =>
    branchRemoval([end, vlan, stale], deleted).flatMap((step) =>
      step.kind === 'set-link' && step.group === DEAD_LINK_GROUP ? [step.link] : [step.kind],
    );
  expect(buried([])).toEqual(['vlan.eth.9']);
  expect(buried([owner])).toEqual([
    ...['remove-rule', 'remove-rule', 'remove-route', 'remove-route', 'remove-route'],
    ...['vlan0123456789a', 'vlan.eth.7', 'vlan.eth.9'],
  ]);
});
