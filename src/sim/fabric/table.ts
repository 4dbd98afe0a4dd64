import { IMDS_ADDRESS, INTERNET_LINK } from './addresses.ts';

/** The router's nftables table; it lives in the router's namespace only. */
export const TABLE = 'vpc_fabric';

/** Names of the table's sets and maps whose elements follow the ports. */
export const SETS = {
  /** Pairs of router link and source that EC2's source check accepts. */
  sources4: 'sources4',
  sources6: 'sources6',
  /** Ports whose source/destination check is off. */
  unchecked: 'unchecked',
  /** IPv4 addresses with a public mapping: the internet gateway drops everything else in both directions. */
  public4: 'public4',
  /** The connections an ENI knows, and behind them its security groups; for what it sends and for what it gets. */
  egressState: 'egress_state',
  ingressState: 'ingress_state',
  egress: 'egress',
  ingress: 'ingress',
  /** How far an answer of the metadata service to a token request goes. */
  hopLimits: 'hop_limits',
  /** What is inside the VPC. */
  networks4: 'networks4',
  networks6: 'networks6',
} as const;

/** Packet mark: the sending ENI holds the source address. */
export const HELD_MARK = '0x1';

/** Why the router drops a packet; each has a counter. */
const DROP_REASONS = [
  /** Its source is not of the ENI it came from. */
  'spoofed',
  /** Nobody holds its target. */
  'unassigned',
  /** It crosses the internet gateway from or to an address without a public mapping. */
  'unmapped',
  /** A security group of the sender does not let it out. */
  'denied_egress',
  /** A security group of the receiver does not let it in. */
  'denied_ingress',
  /** It is for the router itself, which offers no such service: EC2's does not even answer pings. */
  'closed',
] as const;

/** Why the router drops a packet. */
export type DropReason = (typeof DROP_REASONS)[number];

/** The set of the ports that are members of a group. */
export const portsOf = (groupId: string): string => `${groupId}_ports`;

/** The chain with a group's rules for one direction. */
export const chainOf = (groupId: string, direction: 'egress' | 'ingress'): string => `${groupId}_${direction}`;

/**
 * The table before any ENI is plugged, for `nft -f`. An ENI without entries in it reaches nobody.
 *
 * What EC2 does: security groups are stateful and do not filter the metadata service ("Security groups for your
 * VPC"); without an internet gateway's mapping an IPv4 address is private, while IPv6 addresses are public as they
 * are ("Internet gateways"); the hop limit is that of the answer to a token request ("Configure the Instance Metadata
 * Service options"): a connection is marked while its last request began with PUT.
 */
export function renderTable(): string {
  return `table inet ${TABLE} {
  set ${SETS.sources4} { type ifname . ipv4_addr; flags interval; }
  set ${SETS.sources6} { type ifname . ipv6_addr; flags interval; }
  set ${SETS.unchecked} { type ifname; }
  set ${SETS.public4} { type ipv4_addr; }
  set ${SETS.networks4} { type ipv4_addr; flags interval; }
  set ${SETS.networks6} { type ipv6_addr; flags interval; }
  map ${SETS.egressState} { type ifname : verdict; }
  map ${SETS.ingressState} { type ifname : verdict; }
  map ${SETS.egress} { type ifname : verdict; }
  map ${SETS.ingress} { type ifname : verdict; }
  map ${SETS.hopLimits} { type ifname : verdict; }
${DROP_REASONS.map((reason) => `  counter ${reason} { }`).join('\n')}
  chain source_check {
    type filter hook prerouting priority raw; policy accept;
    iifname "lo" accept
    iifname . ip saddr @${SETS.sources4} meta mark set ${HELD_MARK} accept
    iifname . ip6 saddr @${SETS.sources6} meta mark set ${HELD_MARK} accept
    iifname "${INTERNET_LINK}" ip saddr != @${SETS.networks4} accept
    iifname "${INTERNET_LINK}" ip6 saddr != @${SETS.networks6} accept
    ip6 saddr { ::, fe80::/10 } accept
    iifname @${SETS.unchecked} accept
    ${drop('spoofed')}
  }
  chain ipv6_destination_check {
    type filter hook prerouting priority filter; policy accept;
    meta nfproto ipv6 fib daddr type blackhole ${drop('unassigned')}
  }
  chain destination_check {
    type filter hook forward priority filter - 10; policy accept;
    oifname "lo" ${drop('unassigned')}
    oifname "${INTERNET_LINK}" ip saddr != @${SETS.public4} ${drop('unmapped')}
    iifname "${INTERNET_LINK}" ip daddr != @${SETS.public4} ${drop('unmapped')}
  }
  chain egress_filter {
    type filter hook forward priority filter; policy accept;
    ct state related accept
    iifname "${INTERNET_LINK}" accept
    iifname vmap @${SETS.egressState}
    iifname vmap @${SETS.egress}
    ${drop('denied_egress')}
  }
  chain ingress_filter {
    type filter hook forward priority filter + 10; policy accept;
    ct state related accept
    oifname "${INTERNET_LINK}" accept
    oifname vmap @${SETS.ingressState}
    oifname vmap @${SETS.ingress}
    ${drop('denied_ingress')}
  }
  chain services {
    type filter hook input priority filter; policy accept;
    iifname "lo" accept
    ct state related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 saddr { ::, fe80::/10 } accept
    iifname != "${INTERNET_LINK}" ip daddr ${IMDS_ADDRESS} tcp dport 80 jump metadata_request
    ${drop('closed')}
  }
  chain metadata_request {
    @ih,0,32 ${ascii('PUT ')} ct mark set 1 accept
    @ih,0,32 ${ascii('GET ')} ct mark set 0 accept
    accept
  }
  chain metadata_answer {
    type filter hook output priority filter; policy accept;
    ct mark 1 ip saddr ${IMDS_ADDRESS} oifname vmap @${SETS.hopLimits}
  }
}
`;
}

/** The words that count and drop. */
export function drop(reason: DropReason): string {
  return `counter name "${reason}" drop`;
}

const ascii = (word: string): string => `0x${Buffer.from(word).toString('hex')}`;
