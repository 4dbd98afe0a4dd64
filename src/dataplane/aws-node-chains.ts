import { type Ipv4Cidr, parseIpv4Cidr } from '../addr/index.ts';

/** One rule of aws-node in one table of iptables, as `iptables-save` writes it ("-A CHAIN …"). */
interface SavedRule {
  readonly table: string;
  readonly chain: string;
  readonly text: string;
}

/** What aws-node's iptables rules say of its settings; `undefined` where they say nothing. */
export interface ChainFacts {
  readonly snat: boolean;
  readonly excludedCidrs: readonly Ipv4Cidr[];
  readonly randomize: 'prng' | 'hashrandom' | 'none' | undefined;
  readonly nodePort: boolean;
  readonly mark: number | undefined;
}

/** aws-node's rules in one packet filter. */
export interface AwsNodeChains {
  /** How many rules and chains there are; 0 when aws-node left none. */
  readonly count: number;
  readonly facts: ChainFacts;
  /** Input of `iptables-restore --noflush` that takes exactly these away, and that which puts them back. */
  readonly removal: string;
  readonly restoration: string;
}

const OWN_CHAIN = /^(?:AWS-(?:SNAT|CONNMARK)-CHAIN-\d+|CNI-E[46]-[0-9a-f]{21})$/;
// A pod's way to the other family: the jump has the names of network and sandbox for a comment.
const OWN_JUMP = /^-A POSTROUTING .*-j CNI-E[46]-[0-9a-f]{21}$/;
// The comments that upstream puts on its rules in the built-in chains (dataplane reference, §6.1).
const OWN_COMMENT = /--comment "AWS(?: SNAT CHAIN|, primary ENI|, outbound connections|, CONNMARK)"/;
const BUILT_IN: ReadonlySet<string> = new Set(['PREROUTING', 'POSTROUTING']);

function readSave(save: string): { readonly chains: readonly SavedRule[]; readonly rules: readonly SavedRule[] } {
  const chains: SavedRule[] = [];
  const rules: SavedRule[] = [];
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^(?::|-A )(\S+)/.exec(line)?.[1];
    if (chain === undefined) continue;
    if (line.startsWith(':')) {
      if (OWN_CHAIN.test(chain)) chains.push({ table, chain, text: line });
    } else if (OWN_CHAIN.test(chain) || (BUILT_IN.has(chain) && (OWN_COMMENT.test(line) || OWN_JUMP.test(line)))) {
      rules.push({ table, chain, text: line });
    }
  }
  return { chains, rules };
}

function randomizeOf(snat: string | undefined): ChainFacts['randomize'] {
  if (snat === undefined) return undefined;
  if (snat.includes('--random-fully')) return 'prng';
  return snat.includes('--random') ? 'hashrandom' : 'none';
}

function factsOf(rules: readonly SavedRule[]): ChainFacts {
  const texts = rules.map(({ text }) => text);
  const snat = texts.find((text) => text.startsWith('-A AWS-SNAT-CHAIN-') && text.includes('-j SNAT'));
  const marks = texts.flatMap((text) => /--set-x?mark (0x[0-9a-f]+)\//.exec(text)?.[1] ?? []);
  return {
    snat: snat !== undefined,
    excludedCidrs: texts
      .filter((text) => text.startsWith('-A AWS-SNAT-CHAIN-') && text.includes('--comment "AWS SNAT CHAIN EXCLUSION"'))
      .map((text) => parseIpv4Cidr(/ -d (\S+)/.exec(text)?.[1] ?? '0.0.0.0/0')),
    randomize: randomizeOf(snat),
    nodePort: texts.some((text) => text.includes('--comment "AWS, primary ENI"') && text.includes('--limit-iface-in')),
    mark: marks[0] === undefined ? undefined : Number(marks[0]),
  };
}

const script = (tables: readonly string[], lines: (table: string) => readonly string[]): string =>
  tables.map((table) => `*${table}\n${lines(table).join('\n')}\nCOMMIT\n`).join('');

/** Finds aws-node's rules in what `iptables-save` prints. Rules of anybody else are in neither script. */
export function awsNodeChains(save: string): AwsNodeChains {
  const { chains, rules } = readSave(save);
  const tables = [...new Set([...chains, ...rules].map(({ table }) => table))];
  const of = (table: string, all: readonly SavedRule[]): readonly SavedRule[] =>
    all.filter((each) => each.table === table);
  const isJump = ({ chain }: SavedRule): boolean => BUILT_IN.has(chain);
  return {
    count: chains.length + rules.length,
    facts: factsOf(rules),
    removal: script(tables, (table) => [
      // The jumps first: a chain that something jumps to cannot be deleted.
      ...of(table, rules)
        .filter(isJump)
        .map(({ text }) => text.replace(/^-A/, '-D')),
      ...of(table, chains).map(({ chain }) => `-F ${chain}`),
      ...of(table, chains).map(({ chain }) => `-X ${chain}`),
    ]),
    restoration: script(tables, (table) => [
      ...of(table, chains).map(({ chain }) => `:${chain} - [0:0]`),
      ...of(table, rules).map(({ text }) => text),
    ]),
  };
}
