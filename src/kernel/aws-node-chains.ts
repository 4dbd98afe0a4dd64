import { AWS_NODE_NFT_TABLE, type AwsNodeChains, awsNodeChains, type FilterFamily } from '../dataplane/index.ts';
import type { Exec } from '../sys/index.ts';
import { type IptablesProgram, iptablesSaves, restoreIptables } from './iptables.ts';
import { listByNft } from './nft.ts';

/** aws-node's rules in one kind of iptables. */
export interface FoundChains extends AwsNodeChains {
  readonly program: IptablesProgram;
  readonly family: FilterFamily;
}

/** aws-node's packet rules on this host. */
export interface AwsNodeRules {
  readonly iptables: readonly FoundChains[];
  readonly nftTable: boolean;
}

/** Looks for aws-node's rules in every packet filter of this host. */
export async function findAwsNodeRules(exec: Exec): Promise<AwsNodeRules> {
  const iptables: FoundChains[] = [];
  for (const family of ['ip', 'ip6'] as const)
    for (const { program, save } of await iptablesSaves(exec, family)) {
      const chains = awsNodeChains(save);
      if (chains.count > 0) iptables.push({ ...chains, program, family });
    }
  const table = await listByNft(exec, '--terse', 'list', 'table', 'ip', AWS_NODE_NFT_TABLE);
  return { iptables, nftTable: (table ?? '') !== '' };
}

/**
 * Removes aws-node's packet rules, each packet filter in one transaction. When one refuses, those before it get theirs
 * back. Its connections live on: what they are translated to is in the connection table.
 */
export async function removeAwsNodeRules(exec: Exec, rules: AwsNodeRules): Promise<void> {
  const removed: FoundChains[] = [];
  try {
    for (const chains of rules.iptables) {
      await restoreIptables(exec, chains.program, chains.removal);
      removed.push(chains);
    }
    if (rules.nftTable) await exec.run({ argv: ['nft', 'delete', 'table', 'ip', AWS_NODE_NFT_TABLE] });
  } catch (error) {
    for (const chains of removed) await restoreIptables(exec, chains.program, chains.restoration);
    throw error;
  }
}
