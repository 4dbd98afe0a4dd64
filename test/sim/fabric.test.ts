import { describe, expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { diffPorts } from '../../src/sim/fabric/diff.ts';
import { netnsHome, nodeNetns, portName, vpcNames } from '../../src/sim/fabric/names.ts';
import { foldEvent, type Port, type PortEvent, type Ports, placeEvent } from '../../src/sim/fabric/port.ts';
import { renderNodeLines, renderRouterLines, renderRuleLines } from '../../src/sim/fabric/render.ts';
import type { SimEni } from '../../src/sim/model/index.ts';

const primary: Port = {
  eniId: 'eni-1',
  instanceId: 'i-1',
  name: 'eni1',
  netns: 'v-a',
  ifName: 'eth0',
  mac: parseMac('02:00:00:00:00:01'),
  addresses: [parseIpv4('10.0.0.4')],
  dhcp: { address: parseIpv4Cidr('10.0.0.4/24'), gateway: parseIpv4('10.0.0.1') },
};
const secondary: Port = {
  ...primary,
  eniId: 'eni-2',
  name: 'eni2',
  ifName: 'eth1',
  mac: parseMac('02:00:00:00:00:02'),
  addresses: [parseIpv4('10.0.0.5'), parseIpv4('10.0.0.6')],
  dhcp: undefined,
};
const fewer = { ...secondary, addresses: [parseIpv4('10.0.0.5')] };
const elsewhere = { ...secondary, netns: 'v-b' };

const of = (...ports: readonly Port[]): Ports => new Map(ports.map((port) => [port.eniId, port]));

describe('diffPorts()', () => {
  const rows = [
    { name: 'does nothing when nothing changed', before: [primary, secondary], after: [primary, secondary], steps: [] },
    {
      name: 'plugs in a new ENI with its addresses',
      before: [primary],
      after: [primary, secondary],
      steps: ['plug eni2 v-a', 'learn-address eni2 10.0.0.5', 'learn-address eni2 10.0.0.6'],
    },
    {
      name: 'needs no step per address to unplug: routes go with the link',
      before: [primary, secondary],
      after: [primary],
      steps: ['unplug eni2 v-a'],
    },
    { name: 'forgets an address', before: [secondary], after: [fewer], steps: ['forget-address eni2 10.0.0.6'] },
    {
      name: 'takes an address from one ENI before the other gets it',
      before: [primary, secondary],
      after: [{ ...primary, addresses: [...primary.addresses, parseIpv4('10.0.0.6')] }, fewer],
      steps: ['forget-address eni2 10.0.0.6', 'learn-address eni1 10.0.0.6'],
    },
    {
      name: 'replugs an ENI that moved to another node within a burst',
      before: [secondary],
      after: [elsewhere],
      steps: ['unplug eni2 v-a', 'plug eni2 v-b', 'learn-address eni2 10.0.0.5', 'learn-address eni2 10.0.0.6'],
    },
  ] as const;
  for (const row of rows)
    test(row.name, () => {
      const steps = diffPorts(of(...row.before), of(...row.after)).map((step) =>
        [step.kind, step.port.name, 'address' in step ? step.address : step.port.netns].join(' '),
      );
      expect(steps).toEqual([...row.steps]);
    });
});

describe('foldEvent()', () => {
  const rows: readonly { name: string; event: PortEvent; left: readonly string[] }[] = [
    { name: 'keeps what is unplugged already', event: { kind: 'gone', eniId: 'eni-9' }, left: ['eni-1', 'eni-2'] },
    { name: 'drops a detached ENI', event: { kind: 'gone', eniId: 'eni-2' }, left: ['eni-1'] },
    { name: 'drops every ENI of a terminated instance', event: { kind: 'instance-gone', instanceId: 'i-1' }, left: [] },
    {
      name: 'replaces an ENI whose addresses changed',
      event: { kind: 'present', port: fewer },
      left: ['eni-1', 'eni-2'],
    },
  ];
  for (const row of rows)
    test(row.name, () => expect([...foldEvent(of(primary, secondary), row.event).keys()]).toEqual([...row.left]));
});

describe('placeEvent()', () => {
  const placement = { netnsOf: () => 'v-a', subnetCidr: () => parseIpv4Cidr('10.0.0.0/24') };
  const eni: SimEni = {
    id: 'eni-1',
    mac: primary.mac,
    interfaceType: 'interface',
    subnetId: 'subnet-1',
    description: '',
    securityGroups: [],
    addresses: primary.addresses,
    prefixes: [],
    ipv6Addresses: [],
    ipv6Prefixes: [],
    sourceDestCheck: true,
    tags: {},
    trunk: undefined,
    createdAt: 0,
    attachment: {
      id: 'eni-attach-1',
      instanceId: 'i-1',
      deviceIndex: 0,
      networkCardIndex: 0,
      state: 'attached',
      deleteOnTermination: true,
      attachedAt: 0,
    },
  };
  test('gives device 0 what DHCP gives it', () =>
    expect(placeEvent({ kind: 'eni-attached', eni }, placement)).toEqual([{ kind: 'present', port: primary }]));
  test('passes over address changes of an ENI that has no link', () =>
    expect(placeEvent({ kind: 'eni-changed', eni: { ...eni, attachment: undefined } }, placement)).toEqual([]));
});

describe('render', () => {
  const [plug, learn] = diffPorts(of(), of(primary));
  const [unplug] = diffPorts(of(primary), of());
  if (plug === undefined || learn === undefined || unplug === undefined) throw new Error('no steps');
  test('a plugged ENI is born in its node, down, with its MAC', () =>
    expect([...renderRouterLines(plug), ...renderRouterLines(learn)]).toEqual([
      'link add eni1 mtu 9001 type veth peer name eth0 address 02:00:00:00:00:01 mtu 9001 netns v-a',
      'link set eni1 up',
      'route replace 10.0.0.4/32 dev eni1',
      'neigh replace 10.0.0.4 lladdr 02:00:00:00:00:01 nud permanent dev eni1',
    ]));
  test('source check and internet gateway forget exactly what they learned', () =>
    expect([plug, learn, unplug].flatMap(renderRuleLines)).toEqual([
      'add element ip vpc_fabric public { 10.0.0.4 }',
      'add element ip vpc_fabric sources { "eni1" . 10.0.0.4 }',
      'delete element ip vpc_fabric sources { "eni1" . 10.0.0.4 }',
      'delete element ip vpc_fabric public { 10.0.0.4 }',
    ]));
  test('a secondary ENI is configured by nobody', () =>
    expect(diffPorts(of(), of(secondary)).flatMap(renderNodeLines)).toEqual([]));
});

describe('names', () => {
  test('a link name of an ENI fits the kernel', () =>
    expect(portName('eni-0123456789abcdef0')).toBe('eni56789abcdef0'));
  test('a namespace is kept below the state of its VPC', () =>
    expect(netnsHome(nodeNetns(vpcNames('v2'), 'node-a'))).toBe('/run/vpc-cni-sim/v2/netns/node-a'));
  for (const name of ['', 'a-b', 'Upper', '1st', 'x'.repeat(13)])
    test(`"${name}" is no VPC name`, () => expect(() => vpcNames(name)).toThrow(`"${name}" is no VPC name`));
  for (const name of ['router', 'internet', '-a', 'a/b', '..'])
    test(`"${name}" is no node name`, () => expect(() => nodeNetns(vpcNames('v'), name)).toThrow('is no node name'));
});
