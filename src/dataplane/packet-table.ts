import { createHash } from 'node:crypto';
import { formatCidr, type IpAddress, type IpFamily } from '../addr/index.ts';
import { EGRESS } from './egress.ts';
import { NFT_TABLE } from './owned.ts';

/** The families of nftables that we have a table in. */
export type FilterFamily = 'ip' | 'ip6';

/** A table as one transaction, and the digest that stands in its comment. */
export interface PacketTable {
  readonly script: string;
  readonly digest: string;
}

/** What the rules of the second family are made from. */
export interface EgressRulesInput {
  readonly family: IpFamily;
  /** The node's own address, which the world sees. */
  readonly nodeAddress: IpAddress;
  readonly randomize: 'prng' | 'hashrandom' | 'none';
}

/** The table of one family that holds these chains; loading it replaces the one that is there, as a whole. */
export function packetTable(family: FilterFamily, chains: string): PacketTable {
  const digest = createHash('sha256').update(chains).digest('hex').slice(0, 16);
  const script = `add table ${family} ${NFT_TABLE}
delete table ${family} ${NFT_TABLE}
table ${family} ${NFT_TABLE} {
  comment "vpc-cni-host ${digest}"
${chains}}
`;
  return { script, digest };
}

/** What nft writes for each way to choose a source port. */
export const RANDOMIZE = { prng: ' fully-random', hashrandom: ' random', none: '' } as const;

/**
 * One rule translates the second family of all pods; multicast keeps its source. Nobody beside the node itself opens
 * connections to a pod by these addresses: they mean other pods on other nodes.
 */
export function egressChains({ family, nodeAddress, randomize }: EgressRulesInput): string {
  const range = formatCidr(EGRESS[family].range);
  const [ip, multicast] = family === 'ipv4' ? ['ip', '224.0.0.0/4'] : ['ip6', 'ff00::/8'];
  return `  chain egress-nat {
    type nat hook postrouting priority srcnat; policy accept;
    ${ip} saddr ${range} ${ip} daddr != ${multicast} snat to ${nodeAddress}${RANDOMIZE[randomize]}
  }
  chain egress-guard {
    type filter hook forward priority filter; policy accept;
    ${ip} daddr ${range} ct state new reject
  }
`;
}
