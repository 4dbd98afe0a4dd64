import { describe, expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../../src/addr/index.ts';
import { podAlias, podMacs, type Step, takenOverAlias } from '../../../src/dataplane/index.ts';
import { partOf, REPAIR_KINDS, repairKind } from '../../../src/ipamd/drift/matters.ts';
import type { NetworkEvent } from '../../../src/kernel/index.ts';

const watched = { eniLinks: new Set(['eth0', 'eth1']), eniIndexes: () => new Set([2, 3]), primaryIndex: 2 };
const link = {
  kind: 'link',
  gone: false,
  fell: false,
  name: 'eni1',
  mac: undefined,
  group: 0,
  alias: undefined,
} as const;
const POD = { network: 'aws-cni', containerId: 'c1', ifName: 'eth0', namespace: 'default', name: 'web' };
const [ALIAS, TAKEN_OVER, MACS] = [podAlias(POD), takenOverAlias(POD), podMacs(POD)];
const route = { kind: 'route', gone: false, protocol: 3, replaced: false } as const;

describe('partOf()', () => {
  const rows: readonly (readonly [string, NetworkEvent, ReturnType<typeof partOf>])[] = [
    ['a pod comes', link, undefined],
    ['a pod goes', { ...link, gone: true }, undefined],
    ['a link of others is set down', { ...link, fell: true }, undefined],
    ['a pod is set down', { ...link, fell: true, alias: 'vpc-cni aws-cni c1 eth0' }, 'network'],
    ['a pod has the MAC it sends to', { ...link, mac: MACS.host, alias: ALIAS }, undefined],
    ['a pod has another MAC', { ...link, mac: MACS.container, alias: ALIAS }, 'network'],
    ['a pod of another plugin has a MAC of its own', { ...link, mac: MACS.container, alias: TAKEN_OVER }, undefined],
    ['a dead pod', { ...link, fell: true, alias: 'vpc-cni aws-cni c1 eth0', group: 7690 }, undefined],
    ['an ENI changes', { ...link, name: 'eth1' }, 'network'],
    ['the link of a branch ENI goes', { ...link, gone: true, name: 'vlan.eth.7' }, 'network'],
    ['the link of a branch ENI comes', { ...link, name: 'vlan.eth.7' }, undefined],
    ['an address of an ENI comes', { kind: 'address', gone: false, index: 3 }, 'network'],
    ['an address of others comes', { kind: 'address', gone: false, index: 9 }, undefined],
    ['a rule of ours goes', { kind: 'rule', gone: true, protocol: 90 }, 'network'],
    ['a rule with our number comes', { kind: 'rule', gone: false, protocol: 90 }, 'network'],
    ['a rule of others goes', { kind: 'rule', gone: true, protocol: 3 }, undefined],
    ['a route of others comes', route, undefined],
    ['a route of others takes the place of another', { ...route, replaced: true }, 'network'],
    ['a route of ours goes', { ...route, gone: true, protocol: 90 }, 'network'],
    ['a neighbour of a pod goes', { kind: 'neighbour', gone: true, index: 7 }, 'network'],
    ['a neighbour of the subnet goes', { kind: 'neighbour', gone: true, index: 2 }, undefined],
    ['a neighbour comes', { kind: 'neighbour', gone: false, index: 7 }, undefined],
    ['a sysctl of the host', { kind: 'sysctl', index: -1, stops: false }, 'sysctls'],
    ['a sysctl of the primary ENI', { kind: 'sysctl', index: 2, stops: false }, 'sysctls'],
    ['a sysctl of a pod', { kind: 'sysctl', index: 7, stops: false }, undefined],
    ['what comes from a pod is not forwarded', { kind: 'sysctl', index: 7, stops: true }, 'sysctls'],
    ['something unreadable', { kind: 'unclear' }, 'network'],
  ];
  for (const [name, event, part] of rows) test(name, () => expect(partOf(event, watched)).toBe(part));
});

test('each step is counted under a kind of the metric', () => {
  const address = { link: 'eth1', address: parseIpv4Cidr('10.0.0.9/24') };
  const route = { table: 2, destination: parseIpv4Cidr('10.0.0.1/32'), link: 'eth1' };
  const rule = { priority: 512, to: parseIpv4Cidr('10.0.0.9/32'), table: 254 };
  const mac = parseMac('02:00:00:00:00:01');
  const steps: readonly Step[] = [
    { kind: 'set-link', link: 'eth1', up: true },
    { kind: 'add-address', address },
    { kind: 'remove-address', address },
    { kind: 'replace-route', route },
    { kind: 'remove-route', route },
    { kind: 'add-rule', rule },
    { kind: 'remove-rule', rule },
    { kind: 'remove-foreign-rule', rule, protocol: 0 },
    { kind: 'set-neighbour', link: 'eth1', address: parseIpv4('10.0.0.9'), mac },
  ];
  const kinds = new Set(steps.map(repairKind));
  expect(REPAIR_KINDS.filter((kind) => !kinds.has(kind))).toEqual(['packet-rules', 'sysctl']);
});
