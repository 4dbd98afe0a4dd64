import { expect, test } from 'bun:test';
import { hostCidr, parseIpv4 } from '../../src/addr/index.ts';
import { MAIN_TABLE, type ObservedNetwork, podRules } from '../../src/dataplane/index.ts';
import { unwiredPods } from '../../src/installer/verify-pods.ts';
import type { Orphan } from '../../src/pool/index.ts';

const address = parseIpv4('10.0.1.90');
const pod: Orphan = {
  address,
  owner: { network: 'aws-cni', containerId: 'c', ifName: 'eth0', podNamespace: 'ns', podName: 'web' },
  since: 1n,
};
const veth = { index: 7, name: 'enia', mac: undefined, mtu: 9001, up: true, group: 0, alias: undefined };
const route = { table: MAIN_TABLE, destination: hostCidr(address), link: 'enia' };
const rules = podRules(address, 2);
const nothing: ObservedNetwork = {
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  foreignRules: [],
  foreignRoutes: [],
};
const before: ObservedNetwork = {
  ...{ ...nothing, links: [veth] },
  foreignRoutes: [route],
  foreignRules: rules.map((rule) => ({ rule, protocol: 0 })),
};
const after: ObservedNetwork = { ...nothing, links: [veth], routes: [route], rules };

const rows: readonly {
  readonly name: string;
  readonly after: ObservedNetwork;
  readonly before?: ObservedNetwork;
  readonly says: string;
}[] = [
  { name: 'all there', after, says: '' },
  { name: 'not reachable before either', before: { ...before, foreignRoutes: [] }, after: nothing, says: '' },
  {
    name: 'on the primary ENI',
    before: { ...before, foreignRules: before.foreignRules.slice(0, 1) },
    after: { ...after, rules: rules.slice(0, 1) },
    says: '',
  },
  { name: 'its link is gone', after: { ...after, links: [] }, says: 'its link enia is gone' },
  {
    name: 'its link was made anew',
    after: { ...after, links: [{ ...veth, index: 8 }] },
    says: 'its link enia is gone',
  },
  { name: 'its link is down', after: { ...after, links: [{ ...veth, up: false }] }, says: 'its link enia is down' },
  {
    name: 'the route is still theirs',
    after: { ...after, routes: [], foreignRoutes: [route] },
    says: 'it has no route of ours by enia',
  },
  { name: 'no rule to it', after: { ...after, rules: rules.slice(1) }, says: 'it has no rule of ours to it' },
  { name: 'no rule from it', after: { ...after, rules: rules.slice(0, 1) }, says: 'it has no rule of ours from it' },
];
for (const row of rows)
  test(`unwiredPods(): ${row.name}`, () => {
    const said = row.says === '' ? [] : [`pod ns/web (10.0.1.90): ${row.says}`];
    expect(unwiredPods([pod], row.before ?? before, row.after)).toEqual(said);
  });
