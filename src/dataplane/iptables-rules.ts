import { formatCidr } from '../addr/index.ts';
import type { PacketRulesInput } from './packet-rules.ts';
import { exemptNetworks, podPrefixes, withoutWholeWorld } from './packet-rules.ts';

/** One table of iptables: chains, and the rules of ours in it as `iptables-save` writes them (`-A CHAIN …`). */
export interface IptablesTable {
  readonly table: 'mangle' | 'nat' | 'filter';
  readonly chains: readonly string[];
  /** Rules of our own chains, in order within each. */
  readonly rules: readonly string[];
  /** Rules of built-in chains by which packets come to ours. */
  readonly jumps: readonly string[];
}

const TABLES = ['mangle', 'nat', 'filter'] as const;
/** The comment on our jumps. */
export const IPTABLES_COMMENT = 'vpc-cni-host';
/** Our chains. */
export const CHAIN = {
  arriving: 'VPC-CNI-ARRIVING',
  service: 'VPC-CNI-SERVICE',
  outbound: 'VPC-CNI-OUTBOUND',
  sourceNat: 'VPC-CNI-SNAT',
  egress: 'VPC-CNI-EGRESS',
  guard: 'VPC-CNI-EGRESS-GUARD',
} as const;
const OWN_CHAINS: ReadonlySet<string> = new Set(Object.values(CHAIN));

/** What iptables writes for each way to choose a source port. */
export const IPTABLES_RANDOMIZE = { prng: ' --random-fully', hashrandom: ' --random', none: '' } as const;

interface Writing {
  readonly input: PacketRulesInput;
  /** Patterns of the names of pods' links. */
  readonly pods: readonly string[];
  readonly networks: readonly string[];
  readonly set: string;
  readonly restore: string;
}

/**
 * What comes before destination NAT: requests for the node are marked, what belongs to a marked connection gets its
 * mark back. A service's first packet has no backend yet; when its sender repeats it, it has one, outside the VPC or not.
 */
function mangleTable({ input, pods, networks, set, restore }: Writing): IptablesTable {
  const { primaryLink, nodePort, externalSnat } = input;
  const service = `-m conntrack --ctstate NEW -m conntrack --ctstate DNAT -j ${CHAIN.service}`;
  return {
    table: 'mangle',
    chains: [CHAIN.arriving, ...(externalSnat ? [] : [CHAIN.service])],
    rules: [
      ...(nodePort
        ? [`-A ${CHAIN.arriving} -i ${primaryLink} -m addrtype --dst-type LOCAL --limit-iface-in ${set}`]
        : []),
      ...(externalSnat ? [] : pods.map((links) => `-A ${CHAIN.arriving} -i ${links} ${service}`)),
      ...pods.map((links) => `-A ${CHAIN.arriving} -i ${links} ${restore}`),
      ...(externalSnat
        ? []
        : [
            // This match prints an address without its length.
            ...networks.map(
              (cidr) => `-A ${CHAIN.service} -m conntrack --ctreplsrc ${cidr.replace(/\/32$/, '')} -j RETURN`,
            ),
            `-A ${CHAIN.service} ${set}`,
          ]),
    ],
    jumps: [`-A PREROUTING -m comment --comment ${IPTABLES_COMMENT} -j ${CHAIN.arriving}`],
  };
}

/**
 * Our jumps are the last: kube-proxy puts its own first, and a packet that it has given a backend does not come to us.
 * So what comes is not for a service, and its destination says whether it leaves the VPC.
 */
function natTable({ input, pods, networks, set, restore }: Writing): IptablesTable {
  const { primaryAddress, randomize } = input;
  const local = '-m addrtype --dst-type LOCAL -j RETURN';
  return {
    table: 'nat',
    chains: [CHAIN.outbound, CHAIN.sourceNat],
    rules: [
      ...networks.map((cidr) => `-A ${CHAIN.outbound} -d ${cidr} -j RETURN`),
      `-A ${CHAIN.outbound} ${local}`,
      `-A ${CHAIN.outbound} ${set}`,
      `-A ${CHAIN.outbound} ${restore}`,
      ...networks.map((cidr) => `-A ${CHAIN.sourceNat} -d ${cidr} -j RETURN`),
      `-A ${CHAIN.sourceNat} -o vlan+ -j RETURN`,
      `-A ${CHAIN.sourceNat} ${local}`,
      `-A ${CHAIN.sourceNat} -s ${primaryAddress}/32 -j RETURN`,
      `-A ${CHAIN.sourceNat} -j SNAT --to-source ${primaryAddress}${IPTABLES_RANDOMIZE[randomize]}`,
    ],
    jumps: [
      ...pods.map((links) => `-A PREROUTING -i ${links} -m comment --comment ${IPTABLES_COMMENT} -j ${CHAIN.outbound}`),
      `-A POSTROUTING -m comment --comment ${IPTABLES_COMMENT} -j ${CHAIN.sourceNat}`,
    ],
  };
}

/** Our packet rules for a host without nft(8), word for word as `iptables-save` prints them back. */
export function iptablesRules(given: PacketRulesInput): readonly IptablesTable[] {
  const input = withoutWholeWorld(given);
  const mark = `0x${input.mark.toString(16)}`;
  const writing: Writing = {
    input,
    pods: podPrefixes(input).map((prefix) => `${prefix}+`),
    networks: exemptNetworks(input).map(formatCidr),
    set: `-j CONNMARK --set-xmark ${mark}/${mark}`,
    restore: `-j CONNMARK --restore-mark --nfmask ${mark} --ctmask ${mark}`,
  };
  return [
    ...(input.nodePort || !input.externalSnat ? [mangleTable(writing)] : []),
    ...(input.externalSnat ? [] : [natTable(writing)]),
  ];
}

/** What of ours is in the output of `iptables-save`; tables without anything of ours are left out. */
export function ownIptablesRules(save: string): readonly IptablesTable[] {
  return TABLES.flatMap((table) => {
    const lines = sectionOf(save, table);
    const chains = lines.flatMap((line) => /^:(\S+) /.exec(line)?.[1] ?? []).filter((name) => OWN_CHAINS.has(name));
    const added = lines.filter((line) => line.startsWith('-A '));
    const inOwn = (line: string): boolean => OWN_CHAINS.has(line.split(' ')[1] ?? '');
    const toOwn = (line: string): boolean => OWN_CHAINS.has(/ -[jg] (\S+)$/.exec(line)?.[1] ?? '');
    const rules = added.filter(inOwn);
    const jumps = added.filter((line) => !inOwn(line) && toOwn(line));
    return chains.length + jumps.length === 0 ? [] : [{ table, chains, rules, jumps }];
  });
}

function sectionOf(save: string, table: string): readonly string[] {
  const lines = save.split('\n');
  const start = lines.indexOf(`*${table}`);
  if (start < 0) return [];
  return lines.slice(start + 1, lines.indexOf('COMMIT', start));
}

// Within a chain the order decides, among chains it does not: iptables sorts them.
const keyOf = ({ chains, rules, jumps }: IptablesTable): string =>
  JSON.stringify([chains.toSorted(), chains.toSorted().map((name) => rulesOf(name, rules)), jumps.toSorted()]);
const rulesOf = (chain: string, rules: readonly string[]): readonly string[] =>
  rules.filter((rule) => rule.startsWith(`-A ${chain} `));

/** Reports whether what is found is what is wanted, and nothing more. */
export function sameIptablesRules(wanted: readonly IptablesTable[], found: readonly IptablesTable[]): boolean {
  const key = (tables: readonly IptablesTable[], name: string): string =>
    keyOf(tables.find(({ table }) => table === name) ?? { table: 'nat', chains: [], rules: [], jumps: [] });
  return TABLES.every((name) => key(wanted, name) === key(found, name));
}

/**
 * Input of `iptables-restore --noflush` that makes ours what is wanted, each table in one transaction; other chains and
 * rules are not spoken of. A chain that is named is emptied by that, so nothing of its former rules is left.
 */
export function iptablesScript(wanted: readonly IptablesTable[], found: readonly IptablesTable[]): string {
  return TABLES.flatMap((name) => {
    const want = wanted.find(({ table }) => table === name);
    const have = found.find(({ table }) => table === name);
    const chains = new Set([...(want?.chains ?? []), ...(have?.chains ?? [])]);
    if (chains.size === 0 && have === undefined) return [];
    return [
      `*${name}`,
      ...[...chains].map((chain) => `:${chain} - [0:0]`),
      ...(have?.jumps ?? []).map((jump) => jump.replace(/^-A/, '-D')),
      ...(want?.rules ?? []),
      // Before what others accept: kube-proxy lets marked packets pass.
      ...(want?.jumps ?? []).map((jump) => jump.replace(/^-A FORWARD /, '-I FORWARD ')),
      ...[...chains].filter((chain) => want?.chains.includes(chain) !== true).map((chain) => `-X ${chain}`),
      'COMMIT',
      '',
    ];
  }).join('\n');
}
