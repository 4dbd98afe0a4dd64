import { createHash } from 'node:crypto';
import { NFT_TABLE, type PacketRulesInput, packetRules } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Exec } from '../sys/index.ts';
import { IptablesFilter, removeIptablesRules } from './iptables-filter.ts';

/** How nft(8) says that the kernel has no nf_tables, in all its versions. */
const NO_NFTABLES = /cache initialization failed|Unable to initialize Netlink socket|not supported/;

/** Our table as it is: not to be had where nft(8) is not installed or the kernel has no nf_tables. */
export type FoundTable =
  | { readonly usable: false }
  | {
      readonly usable: true;
      /** As nft(8) prints it, without what changes by itself; empty when it is not there. */
      readonly listing: string;
      /** Of its input; `undefined` also when any rule, chain, set or element is not as we made it. */
      readonly digest: string | undefined;
    };

const COMMENT = /comment "vpc-cni-host ([0-9a-f]+)(?: ([0-9a-f]+))?"/;

/** What stands for all of a listing but its comment, which holds it. */
function sealOf(listing: string): string {
  return createHash('sha256').update(listing.replace(COMMENT, '')).digest('hex').slice(0, 16);
}

/** Looks for our table. */
export async function findPacketRules(exec: Exec): Promise<FoundTable> {
  try {
    // nft ends with 1 when the table does not exist.
    const argv = ['nft', '--stateless', 'list', 'table', 'ip', NFT_TABLE] as const;
    const { exitCode, stdout, stderr } = await exec.run({ argv, accept: [0, 1] });
    if (exitCode === 1 && NO_NFTABLES.test(stderr)) return { usable: false };
    const [, digest, seal] = COMMENT.exec(stdout) ?? [];
    return { usable: true, listing: stdout, digest: seal === sealOf(stdout) ? digest : undefined };
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return { usable: false };
    throw error;
  }
}

/** The digest of our table's input; `undefined` when the table is not there or not as we made it. */
export async function packetRulesDigest(exec: Exec): Promise<string | undefined> {
  const found = await findPacketRules(exec);
  return found.usable ? found.digest : undefined;
}

/**
 * Carries out an nft script as one transaction. Our table is made twice: how this nft prints it is known only then, and
 * goes into its comment, where the next look finds it, also that of another daemon.
 */
export async function applyPacketRules(exec: Exec, script: string): Promise<void> {
  await exec.run({ argv: ['nft', '-f', '-'], input: script });
  if (!COMMENT.test(script)) return;
  const made = await findPacketRules(exec);
  if (!made.usable) return;
  const seal = sealOf(made.listing);
  const sealed = script.replace(COMMENT, (_, digest: string) => `comment "vpc-cni-host ${digest} ${seal}"`);
  await exec.run({ argv: ['nft', '-f', '-'], input: sealed });
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
    if (wanted === undefined ? found.listing === '' : found.digest === wanted.digest) return false;
    if (wanted === undefined) await removeNftTable(this.#exec);
    else await applyPacketRules(this.#exec, wanted.script);
    // Without a table this may be the first look after nft(8) was installed: our other rules would translate as well.
    if (found.listing === '') await removeIptablesRules(this.#exec);
    return true;
  }
}
