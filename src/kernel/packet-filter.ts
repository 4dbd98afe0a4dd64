import { NFT_TABLE } from '../dataplane/index.ts';
import type { Exec } from '../sys/index.ts';

/** The digest in the comment of our table; `undefined` when the table is not there or was not made by us. */
export async function packetRulesDigest(exec: Exec): Promise<string | undefined> {
  // nft ends with 1 when the table does not exist.
  const listed = await exec.run({ argv: ['nft', '--terse', 'list', 'table', 'ip', NFT_TABLE], accept: [0, 1] });
  return /comment "vpc-cni-host ([0-9a-f]+)"/.exec(listed.stdout)?.[1];
}

/** Carries out an nft script as one transaction. */
export async function applyPacketRules(exec: Exec, script: string): Promise<void> {
  await exec.run({ argv: ['nft', '-f', '-'], input: script });
}

/** Removes our table, if it is there; nobody else's rules are touched. */
export async function removePacketRules(exec: Exec): Promise<void> {
  // "add" first makes the "delete" succeed whether or not the table exists.
  await applyPacketRules(exec, `add table ip ${NFT_TABLE}\ndelete table ip ${NFT_TABLE}\n`);
}
