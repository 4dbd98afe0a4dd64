import { expect } from 'bun:test';
import { checkPod } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { TestNode, wiringOf } from './pod-node.ts';

const wiring = wiringOf('sample-pod', { address: '10.0.1.90', table: 2 });
const { host, container } = wiring.veth;

interface Row {
  readonly damage: string;
  readonly host?: readonly string[];
  readonly pod?: readonly string[];
  readonly says: string;
}

const rows: readonly Row[] = [
  {
    damage: 'the host end has another MAC',
    host: [`link set ${host.name} address 02:00:00:00:00:99`],
    says: `link ${host.name} has MAC 02:00:00:00:00:99, not ${host.mac}`,
  },
  { damage: 'the host end is down', host: [`link set ${host.name} down`], says: `link ${host.name} is down` },
  {
    damage: 'the host route is gone',
    host: ['route del 10.0.1.90'],
    says: `the host has no route 10.0.1.90/32 dev ${host.name}`,
  },
  {
    damage: 'the host route is somewhere else',
    host: ['route replace 10.0.1.90 dev eth1 proto 90'],
    says: `the host has no route 10.0.1.90/32 dev ${host.name}`,
  },
  {
    damage: 'the rule to the pod is gone',
    host: ['rule del priority 512'],
    says: 'the host has no rule 512: from all to 10.0.1.90/32 lookup 254',
  },
  {
    damage: 'the rule from the pod is gone',
    host: ['rule del priority 1536'],
    says: 'the host has no rule 1536: from 10.0.1.90/32 lookup 2',
  },
  {
    damage: 'the rule from the pod names another table',
    host: ['rule del priority 1536', 'rule add priority 1536 from 10.0.1.90 table 3 protocol 90'],
    says: 'the host has no rule 1536: from 10.0.1.90/32 lookup 2',
  },
  { damage: 'the interface is gone', pod: ['link del eth0'], says: `the host has no link ${host.name}` },
  {
    damage: 'the interface has another name',
    pod: ['link set eth0 down', 'link set eth0 name eth9'],
    says: 'the pod has no interface eth0',
  },
  {
    damage: 'the interface has another MAC',
    pod: ['link set eth0 address 02:00:00:00:00:99'],
    says: `interface eth0 has MAC 02:00:00:00:00:99, not ${container.mac}`,
  },
  { damage: 'the interface is down', pod: ['link set eth0 down'], says: 'interface eth0 is down' },
  {
    damage: 'the interface has another MTU',
    pod: ['link set eth0 mtu 1400'],
    says: 'interface eth0 has MTU 1400, not 9001',
  },
  {
    damage: 'the address is on another interface',
    pod: ['addr add 127.0.0.9/8 dev eth0', 'addr del 10.0.1.90/32 dev eth0', 'addr add 10.0.1.90/32 dev lo'],
    says: 'interface eth0 lacks address 10.0.1.90/32',
  },
  {
    damage: 'the default route is gone',
    pod: ['route del default'],
    says: 'the pod lacks route 0.0.0.0/0 via 169.254.1.1',
  },
  {
    damage: 'the default route goes elsewhere',
    pod: ['route replace default via 169.254.1.2 dev eth0 onlink proto 90'],
    says: 'the pod lacks route 0.0.0.0/0 via 169.254.1.1',
  },
  {
    damage: 'the route to the gateway is gone',
    pod: ['route del 169.254.1.1'],
    says: 'the pod lacks route 169.254.1.1/32',
  },
  {
    damage: 'the neighbour is gone',
    pod: ['neigh del 169.254.1.1 dev eth0'],
    says: `the pod's neighbour 169.254.1.1 is missing, not ${host.mac}`,
  },
  {
    damage: 'the neighbour has another MAC',
    pod: ['neigh replace 169.254.1.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent'],
    says: `the pod's neighbour 169.254.1.1 is 02:00:00:00:00:99, not ${host.mac}`,
  },
];

for (const { damage, host: onHost = [], pod: inPod = [], says } of rows)
  kernelTest(`checkPod() when ${damage}`, () => {
    using node = new TestNode();
    using pod = new TestNetns('pod');
    node.wire(pod, wiring);
    expect(checkPod(node.socket, pod.netns, wiring)).toBeUndefined();
    for (const words of onHost) node.space.ip(words);
    for (const words of inPod) pod.ip(words);
    expect(checkPod(node.socket, pod.netns, wiring)).toBe(says);
    node.wire(pod, wiring);
    expect(checkPod(node.socket, pod.netns, wiring)).toBeUndefined();
  });
