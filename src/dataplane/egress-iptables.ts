import { formatCidr } from '../addr/index.ts';
import { EGRESS } from './egress.ts';
import { CHAIN, IPTABLES_COMMENT, IPTABLES_RANDOMIZE, type IptablesTable, iptablesRules } from './iptables-rules.ts';
import type { PacketRulesWanted } from './packet-rules.ts';
import type { EgressRulesInput, FilterFamily } from './packet-table.ts';

const MULTICAST = { ipv4: '224.0.0.0/4', ipv6: 'ff00::/8' } as const;
const REFUSAL = { ipv4: 'icmp-port-unreachable', ipv6: 'icmp6-port-unreachable' } as const;

function egressTables({ family, nodeAddress, randomize }: EgressRulesInput): readonly IptablesTable[] {
  const range = formatCidr(EGRESS[family].range);
  const snat = `-j SNAT --to-source ${nodeAddress}${IPTABLES_RANDOMIZE[randomize]}`;
  const refuse = `-m conntrack --ctstate NEW -j REJECT --reject-with ${REFUSAL[family]}`;
  return [
    {
      table: 'nat',
      chains: [CHAIN.egress],
      rules: [`-A ${CHAIN.egress} -s ${range} ! -d ${MULTICAST[family]} ${snat}`],
      jumps: [`-A POSTROUTING -m comment --comment ${IPTABLES_COMMENT} -j ${CHAIN.egress}`],
    },
    {
      table: 'filter',
      chains: [CHAIN.guard],
      rules: [`-A ${CHAIN.guard} -d ${range} ${refuse}`],
      jumps: [`-A FORWARD -m comment --comment ${IPTABLES_COMMENT} -j ${CHAIN.guard}`],
    },
  ];
}

/** The tables with what both lists have of each. */
function together(a: readonly IptablesTable[], b: readonly IptablesTable[]): readonly IptablesTable[] {
  const names = [...new Set([...a, ...b].map(({ table }) => table))];
  return names.map((table) => {
    const parts = [...a, ...b].filter((each) => each.table === table);
    return {
      table,
      chains: parts.flatMap(({ chains }) => chains),
      rules: parts.flatMap(({ rules }) => rules),
      jumps: parts.flatMap(({ jumps }) => jumps),
    };
  });
}

/** Our packet rules for a host without nft(8), by family: what `iptables` and `ip6tables` are to have. */
export function iptablesTables({
  pods,
  egress,
}: PacketRulesWanted): Readonly<Record<FilterFamily, readonly IptablesTable[]>> {
  const ofEgress = egress === undefined ? [] : egressTables(egress);
  const ofPods = pods === undefined ? [] : iptablesRules(pods);
  return egress?.family === 'ipv6' ? { ip: ofPods, ip6: ofEgress } : { ip: together(ofPods, ofEgress), ip6: [] };
}
