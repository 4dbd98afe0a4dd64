import { formatCidr } from '../../addr/index.ts';
import type { SimSecurityRule } from '../model/types.ts';
import { HELD_MARK, portsOf } from './table.ts';

type Direction = SimSecurityRule['direction'];

/** EC2 takes these four by name or by number and every other protocol by number. */
const PROTOCOLS: Readonly<Record<string, 'tcp' | 'udp' | 'icmp' | 'icmpv6'>> = {
  tcp: 'tcp',
  '6': 'tcp',
  udp: 'udp',
  '17': 'udp',
  icmp: 'icmp',
  '1': 'icmp',
  icmpv6: 'icmpv6',
  '58': 'icmpv6',
};

const ANY = -1;

/**
 * The rules of a group for one direction as rules of nftables, each of which lets pass what it matches. A rule whose
 * peer is a group that no longer exists lets nothing pass.
 */
export function renderSecurityRules(
  rules: readonly SimSecurityRule[],
  direction: Direction,
  groups: { has(groupId: string): boolean },
): readonly string[] {
  return rules
    .filter((rule) => rule.direction === direction)
    .filter(({ peer }) => 'cidr' in peer || groups.has(peer.groupId))
    .map((rule) => [...peerMatch(rule), ...protocolMatch(rule), 'accept'].join(' '));
}

/**
 * A peer group is matched by the port a packet comes from or goes to. Coming from one, it must also have an address
 * the ENI holds: EC2 compares private addresses, and an ENI without source check may send with any.
 */
function peerMatch({ peer, direction }: SimSecurityRule): readonly string[] {
  if ('groupId' in peer)
    return direction === 'ingress'
      ? [`meta mark ${HELD_MARK}`, `iifname @${portsOf(peer.groupId)}`]
      : [`oifname @${portsOf(peer.groupId)}`];
  const { cidr } = peer;
  const family = cidr.address.includes(':') ? 'ipv6' : 'ipv4';
  // nft has no word for a match of everything.
  if (cidr.prefixLength === 0) return [`meta nfproto ${family}`];
  return [`${family === 'ipv6' ? 'ip6' : 'ip'} ${direction === 'ingress' ? 'saddr' : 'daddr'} ${formatCidr(cidr)}`];
}

function protocolMatch({ protocol, fromPort, toPort }: SimSecurityRule): readonly string[] {
  if (protocol === '-1') return [];
  const known = PROTOCOLS[protocol];
  const bounds = [fromPort ?? ANY, toPort ?? ANY] as const;
  switch (known) {
    case 'tcp':
    case 'udp':
      return [`meta l4proto ${known}`, ...portMatch(known, bounds)];
    case 'icmp':
    case 'icmpv6':
      return [`meta l4proto ${known === 'icmp' ? 'icmp' : 'ipv6-icmp'}`, ...typeMatch(known, bounds)];
    default:
      return [`meta l4proto ${protocol}`];
  }
}

function portMatch(protocol: 'tcp' | 'udp', [from, to]: readonly [number, number]): readonly string[] {
  if (from === ANY || (from === 0 && to === 65_535)) return [];
  return [`${protocol} dport ${from === to ? from : `${from}-${to}`}`];
}

/** For ICMP the two bounds are a type and a code. */
function typeMatch(protocol: 'icmp' | 'icmpv6', [type, code]: readonly [number, number]): readonly string[] {
  if (type === ANY) return [];
  return [`${protocol} type ${type}`, ...(code === ANY ? [] : [`${protocol} code ${code}`])];
}
