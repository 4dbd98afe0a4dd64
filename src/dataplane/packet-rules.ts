import { formatCidr, type Ipv4Address, type Ipv4Cidr, networkOf } from '../addr/index.ts';
import {
  type EgressRulesInput,
  egressChains,
  type FilterFamily,
  type PacketTable,
  packetTable,
  RANDOMIZE,
} from './packet-table.ts';

/** What our packet rules are made from. */
export interface PacketRulesInput {
  readonly primaryLink: string;
  readonly primaryAddress: Ipv4Address;
  readonly vethPrefix: string;
  /** Other ones, of pods that were wired when the setting was another one. */
  readonly formerPrefixes?: readonly string[];
  readonly mark: number;
  /** VPC CIDRs and excluded CIDRs: traffic to them keeps its pod address. */
  readonly exemptCidrs: readonly Ipv4Cidr[];
  /** A NAT outside the host hides pod addresses: no source NAT and no marking here. */
  readonly externalSnat: boolean;
  readonly randomize: 'prng' | 'hashrandom' | 'none';
  readonly nodePort: boolean;
  /** Set where pods of IPv6 reach IPv4 by the node. */
  readonly egress?: EgressRulesInput;
}

function nodePortChain(input: PacketRulesInput): string {
  // Before destination NAT (-150 < -100): afterwards the address is a pod's and no longer local.
  return `  chain nodeport {
    type filter hook prerouting priority mangle; policy accept;
    iifname "${input.primaryLink}" fib daddr . iif type local ct mark set ct mark or ${hex(input.mark)}
  }
`;
}

function outboundChain(input: PacketRulesInput): string {
  // After destination NAT (-90 > -100), so that a service address counts as the pod behind it. The first packet of a
  // connection that leaves the VPC marks it; every packet of a marked connection is routed by main, hence by the
  // primary ENI. Only our bit is written, the rest of the mark belongs to others.
  const bit = hex(input.mark);
  const eachPrefix = (rule: string): string =>
    podPrefixes(input)
      .map((prefix) => `    iifname "${prefix}*" ${rule}\n`)
      .join('');
  const mark = input.externalSnat
    ? ''
    : eachPrefix(`ct state new ip daddr != @exempt fib daddr type != local ct mark set ct mark or ${bit}`);
  return `  chain outbound {
    type filter hook prerouting priority -90; policy accept;
${mark}${eachPrefix(`ct mark and ${bit} == ${bit} meta mark set meta mark or ${bit}`)}  }
`;
}

function snatChain(input: PacketRulesInput): string {
  // The host's own connections have the right address already. Random ports would break the ones that were open before
  // the table came: conntrack meets them in the middle, takes them for new, and the far end sees another port.
  return `  chain source-nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip daddr @exempt return
    oifname "vlan*" return
    fib daddr type local return
    ip saddr ${input.primaryAddress} return
    snat to ${input.primaryAddress}${RANDOMIZE[input.randomize]}
  }
`;
}

/** What the names of pods' links begin with. */
export function podPrefixes({ vethPrefix, formerPrefixes = [] }: PacketRulesInput): readonly string[] {
  return [vethPrefix, ...formerPrefixes];
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Reports whether anything of ours sets the mark, so that the rule that reads it is wanted. */
export function usesMark(input: Pick<PacketRulesInput, 'externalSnat' | 'nodePort'>): boolean {
  return input.nodePort || !input.externalSnat;
}

/**
 * The same rules said without 0.0.0.0/0, which exempts everything and so means an external NAT: neither a set of
 * intervals nor a rule of iptables has such a member.
 */
export function withoutWholeWorld(input: PacketRulesInput): PacketRulesInput {
  const isWhole = ({ prefixLength }: Ipv4Cidr): boolean => prefixLength === 0;
  return { ...input, externalSnat: input.externalSnat || input.exemptCidrs.some(isWhole) };
}

/** The networks that keep pod addresses, once each and in one order, so that the same rules come of the same networks. */
export function exemptNetworks({ exemptCidrs }: Pick<PacketRulesInput, 'exemptCidrs'>): readonly Ipv4Cidr[] {
  const networks = exemptCidrs.map((cidr) => networkOf(cidr));
  return [...new Map(networks.map((cidr) => [formatCidr(cidr), cidr])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, cidr]) => cidr);
}

/**
 * Our nftables table as one transaction for `nft -f -`: it replaces the table as a whole, so no packet meets half of
 * it. `digest` stands in the table's comment and tells whether the table in the kernel was made from the same input.
 */
export function packetRules(input: PacketRulesInput): PacketTable {
  const effective = withoutWholeWorld(input);
  const elements = exemptNetworks(input).map(formatCidr);
  const exempt = effective.externalSnat
    ? ''
    : `  set exempt {
    type ipv4_addr; flags interval; auto-merge
${elements.length === 0 ? '' : `    elements = { ${elements.join(', ')} }\n`}  }
`;
  const chains =
    exempt +
    (effective.nodePort ? nodePortChain(effective) : '') +
    (usesMark(effective) ? outboundChain(effective) : '') +
    (effective.externalSnat ? '' : snatChain(effective)) +
    (input.egress === undefined ? '' : egressChains(input.egress));
  return packetTable('ip', chains);
}

/** All that our packet rules are made from; nothing of a part that is `undefined` is marked or translated. */
export interface PacketRulesWanted {
  /** Where pods have IPv4 addresses of the VPC. */
  readonly pods: PacketRulesInput | undefined;
  /** Where pods reach a second family by the node. */
  readonly egress: EgressRulesInput | undefined;
}

/** Our tables by family, as they are wanted: none where nothing of that family is marked or translated. */
export function packetTables({
  pods,
  egress,
}: PacketRulesWanted): Readonly<Partial<Record<FilterFamily, PacketTable>>> {
  const ofEgress = (family: EgressRulesInput['family']): EgressRulesInput | undefined =>
    egress?.family === family ? egress : undefined;
  const [ipv4, ipv6] = [ofEgress('ipv4'), ofEgress('ipv6')];
  const alone = ipv4 === undefined ? {} : { ip: packetTable('ip', egressChains(ipv4)) };
  return {
    ...(pods === undefined ? alone : { ip: packetRules(ipv4 === undefined ? pods : { ...pods, egress: ipv4 }) }),
    ...(ipv6 === undefined ? {} : { ip6: packetTable('ip6', egressChains(ipv6)) }),
  };
}
