import { parseIpv4, parseIpv4Cidr, parseIpv6, parseIpv6Cidr, parseMac } from '../../../src/addr/index.ts';
import type { Port, Ports } from '../../../src/sim/fabric/port.ts';
import type { SimSecurityRule } from '../../../src/sim/model/types.ts';

/** Device 0 of node a, with an address of each family. */
export const primary: Port = {
  eniId: 'eni-1',
  instanceId: 'i-1',
  name: 'eni1',
  number: 1,
  netns: 'v-a',
  ifName: 'eth0',
  mac: parseMac('02:00:00:00:00:01'),
  branch: undefined,
  addresses: [parseIpv4('10.0.0.4')],
  prefixes: [],
  ipv6Addresses: [parseIpv6('2600:1f00::4')],
  ipv6Prefixes: [],
  securityGroups: ['sg-1'],
  sourceDestCheck: true,
  hopLimit: 2,
  dhcp: {
    address: parseIpv4Cidr('10.0.0.4/24'),
    gateway: parseIpv4('10.0.0.1'),
    ipv6: parseIpv6('2600:1f00::4'),
  },
};

/** Device 1 of node a, with a secondary address and a prefix of each family. */
export const secondary: Port = {
  ...primary,
  eniId: 'eni-2',
  name: 'eni2',
  number: 2,
  ifName: 'eth1',
  mac: parseMac('02:00:00:00:00:02'),
  addresses: [parseIpv4('10.0.0.5'), parseIpv4('10.0.0.6')],
  prefixes: [parseIpv4Cidr('10.0.0.16/28')],
  ipv6Addresses: [],
  ipv6Prefixes: [parseIpv6Cidr('2600:1f00:0:0:1::/80')],
  dhcp: undefined,
};

/** A branch ENI whose trunk is `secondary`. */
export const branch: Port = {
  ...secondary,
  eniId: 'eni-3',
  name: 'eni3',
  number: 3,
  ifName: 'br7',
  mac: parseMac('02:00:00:00:00:03'),
  branch: { trunkEniId: 'eni-2', trunkPort: 'eni2', vlanId: 7 },
  addresses: [parseIpv4('10.0.0.7')],
  prefixes: [],
  ipv6Prefixes: [],
  securityGroups: ['sg-2', 'sg-1'],
};

/** Ports by ENI id. */
export const portsOf = (...ports: readonly Port[]): Ports => new Map(ports.map((port) => [port.eniId, port]));

/** A rule by its words: direction, protocol, from, to, peer. */
export function rule(
  direction: SimSecurityRule['direction'],
  peer: string,
  words: { readonly protocol?: string; readonly ports?: readonly [number, number] } = {},
): SimSecurityRule {
  return {
    id: 'sgr-1',
    direction,
    protocol: words.protocol ?? '-1',
    fromPort: words.ports?.[0],
    toPort: words.ports?.[1],
    peer: peer.startsWith('sg-')
      ? { groupId: peer }
      : { cidr: peer.includes(':') ? parseIpv6Cidr(peer) : parseIpv4Cidr(peer) },
    description: '',
  };
}
