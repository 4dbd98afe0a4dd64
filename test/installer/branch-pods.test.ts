import { expect, test } from 'bun:test';
import { parseIpv4, parseMac } from '../../src/addr/index.ts';
import { branchAlias, vlanAlias } from '../../src/dataplane/branch.ts';
import { DEAD_LINK_GROUP, type Link, podAlias } from '../../src/dataplane/index.ts';
import { branchPodsOf } from '../../src/installer/branch-pods.ts';

const pod = { network: 'aws-cni', namespace: 'shop', name: 'db', containerId: 'c1', ifName: 'eth0' };
const branch = {
  ...{ vlanId: 7, mac: parseMac('02:00:00:00:03:07') },
  ...{ address: parseIpv4('10.0.3.7'), gateway: parseIpv4('10.0.3.1') },
};
const link = (alias: string | undefined, change: Partial<Link> = {}): Link => ({
  ...{ index: 7, name: 'x', mac: undefined, mtu: 9001, up: true, group: 0, alias },
  ...change,
});

test('branchPodsOf() names the pods whose host ends tell of a branch ENI, and nobody else', () => {
  const alias = branchAlias(pod, branch);
  expect(branchPodsOf([link(alias), link(branchAlias({ ...pod, name: undefined }, branch))])).toEqual([
    'shop/db (10.0.3.7)',
    'c1 (10.0.3.7)',
  ]);
  const others = [link(undefined), link(podAlias(pod)), link(vlanAlias(pod)), link('branch 7 a b c')];
  expect(branchPodsOf([...others, link(alias, { group: DEAD_LINK_GROUP })])).toEqual([]);
});
