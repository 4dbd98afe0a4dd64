import { AWS_NODE_NFT_TABLE, type AwsNodeChains, awsNodeChains } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Exec } from '../sys/index.ts';

/** A kind of iptables; a host may have rules in both, and plain `iptables` is one of them or, rarely, the only name. */
const KINDS = ['iptables-nft', 'iptables-legacy', 'iptables'] as const;
const LOCK_WAIT_S = 10;

/** aws-node's rules in one kind of iptables. */
export interface FoundChains extends AwsNodeChains {
  readonly program: (typeof KINDS)[number];
}

/** aws-node's packet rules on this host. */
export interface AwsNodeRules {
  readonly iptables: readonly FoundChains[];
  readonly nftTable: boolean;
}

async function savedBy(exec: Exec, program: string): Promise<string | undefined> {
  try {
    // Without a table named it lists only those that exist: nothing is made by looking.
    return (await exec.run({ argv: [`${program}-save`], accept: [0, 1] })).stdout;
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return undefined;
    throw error;
  }
}

/** Looks for aws-node's rules in every packet filter of this host. */
export async function findAwsNodeRules(exec: Exec): Promise<AwsNodeRules> {
  const iptables: FoundChains[] = [];
  for (const program of KINDS) {
    const save = program === 'iptables' && iptables.length > 0 ? undefined : await savedBy(exec, program);
    if (save === undefined) continue;
    const chains = awsNodeChains(save);
    if (chains.count > 0) iptables.push({ ...chains, program });
  }
  return { iptables, nftTable: await hasNftTable(exec) };
}

async function hasNftTable(exec: Exec): Promise<boolean> {
  try {
    const argv = ['nft', '--terse', 'list', 'table', 'ip', AWS_NODE_NFT_TABLE] as const;
    return (await exec.run({ argv, accept: [0, 1] })).exitCode === 0;
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return false;
    throw error;
  }
}

const restore = async (exec: Exec, program: string, input: string): Promise<void> => {
  await exec.run({
    argv: [`${program}-restore`, '--noflush', '--wait', String(LOCK_WAIT_S)],
    input,
    timeoutMs: 30_000,
  });
};

/**
 * Removes aws-node's packet rules, each packet filter in one transaction. When one refuses, those before it get theirs
 * back. Its connections live on: what they are translated to is in the connection table.
 */
export async function removeAwsNodeRules(exec: Exec, rules: AwsNodeRules): Promise<void> {
  const removed: FoundChains[] = [];
  try {
    for (const chains of rules.iptables) {
      await restore(exec, chains.program, chains.removal);
      removed.push(chains);
    }
    if (rules.nftTable) await exec.run({ argv: ['nft', 'delete', 'table', 'ip', AWS_NODE_NFT_TABLE] });
  } catch (error) {
    for (const chains of removed) await restore(exec, chains.program, chains.restoration);
    throw error;
  }
}
