import { NFT_TABLE, type PacketRulesInput, packetRules } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Exec } from '../sys/index.ts';
import { IptablesFilter, removeIptablesRules } from './iptables-filter.ts';

/** How nft(8) says that the kernel has no nf_tables, in all its versions. */
const NO_NFTABLES = /cache initialization failed|Unable to initialize Netlink socket|not supported/;

/** Our table as it is: not to be had where nft(8) is not installed or the kernel has no nf_tables. */
export type FoundTable = { readonly usable: false } | { readonly usable: true; readonly digest: string | undefined };

/** Looks for our table. */
export async function findPacketRules(exec: Exec): Promise<FoundTable> {
  try {
    // nft ends with 1 when the table does not exist.
    const argv = ['nft', '--terse', 'list', 'table', 'ip', NFT_TABLE] as const;
    const { exitCode, stdout, stderr } = await exec.run({ argv, accept: [0, 1] });
    if (exitCode === 1 && NO_NFTABLES.test(stderr)) return { usable: false };
    return { usable: true, digest: /comment "vpc-cni-host ([0-9a-f]+)"/.exec(stdout)?.[1] };
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return { usable: false };
    throw error;
  }
}

/** The digest in the comment of our table; `undefined` when the table is not there or was not made by us. */
export async function packetRulesDigest(exec: Exec): Promise<string | undefined> {
  const found = await findPacketRules(exec);
  return found.usable ? found.digest : undefined;
}

/** Carries out an nft script as one transaction. */
export async function applyPacketRules(exec: Exec, script: string): Promise<void> {
  await exec.run({ argv: ['nft', '-f', '-'], input: script });
}

/** Removes our table, if it is there; nobody else's rules are touched. */
export async function removeNftTable(exec: Exec): Promise<void> {
  // "add" first makes the "delete" succeed whether or not the table exists.
  await applyPacketRules(exec, `add table ip ${NFT_TABLE}\ndelete table ip ${NFT_TABLE}\n`);
}

/** Removes our packet rules wherever they are; nobody else's rules are touched. */
export async function removePacketRules(exec: Exec): Promise<void> {
  if ((await findPacketRules(exec)).usable) await removeNftTable(exec);
  await removeIptablesRules(exec);
}

/** Where our packet rules are. */
export type PacketFilterKind = 'nftables' | 'iptables';

/** Our packet rules on this host: one table of nftables, or chains of iptables where there is no nft(8). */
export class PacketFilter {
  readonly #exec: Exec;
  readonly #iptables: IptablesFilter;
  #kind: PacketFilterKind = 'nftables';

  constructor(exec: Exec) {
    this.#exec = exec;
    this.#iptables = new IptablesFilter(exec);
  }

  /** Where the rules were at the last look. */
  get kind(): PacketFilterKind {
    return this.#kind;
  }

  /** Makes the rules unless they are there as they should, or removes them; reports whether anything was changed. */
  async repair(input: PacketRulesInput | undefined): Promise<boolean> {
    const found = await findPacketRules(this.#exec);
    this.#kind = found.usable ? 'nftables' : 'iptables';
    if (!found.usable)
      return input === undefined ? await removeIptablesRules(this.#exec) : await this.#iptables.repair(input);
    const wanted = input === undefined ? undefined : packetRules(input);
    if (found.digest === wanted?.digest) return false;
    if (wanted === undefined) await removeNftTable(this.#exec);
    else await applyPacketRules(this.#exec, wanted.script);
    // Without a table this may be the first look after nft(8) was installed: our other rules would translate as well.
    if (found.digest === undefined) await removeIptablesRules(this.#exec);
    return true;
  }
}
