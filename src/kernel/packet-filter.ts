import { createHash } from 'node:crypto';
import {
  type EgressRulesInput,
  type FilterFamily,
  iptablesTables,
  NFT_TABLE,
  type PacketRulesInput,
  type PacketRulesWanted,
  packetTables,
} from '../dataplane/index.ts';
import type { Exec } from '../sys/index.ts';
import { iptablesSaves } from './iptables.ts';
import { IptablesFilter, removeIptablesRules } from './iptables-filter.ts';
import { listByNft } from './nft.ts';

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
export async function findPacketRules(exec: Exec, family: FilterFamily = 'ip'): Promise<FoundTable> {
  const listing = await listByNft(exec, '--stateless', 'list', 'table', family, NFT_TABLE);
  if (listing === undefined) return { usable: false };
  const [, digest, seal] = COMMENT.exec(listing) ?? [];
  return { usable: true, listing, digest: seal === sealOf(listing) ? digest : undefined };
}

/** The digest of our table's input; `undefined` when the table is not there or not as we made it. */
export async function packetRulesDigest(exec: Exec, family: FilterFamily = 'ip'): Promise<string | undefined> {
  const found = await findPacketRules(exec, family);
  return found.usable ? found.digest : undefined;
}

/**
 * Carries out an nft script as one transaction. Our table is made twice: how this nft prints it is known only then, and
 * goes into its comment, where the next look finds it, also that of another daemon.
 */
export async function applyPacketRules(exec: Exec, script: string, family: FilterFamily = 'ip'): Promise<void> {
  await exec.run({ argv: ['nft', '-f', '-'], input: script });
  if (!COMMENT.test(script)) return;
  const made = await findPacketRules(exec, family);
  if (!made.usable) return;
  const seal = sealOf(made.listing);
  const sealed = script.replace(COMMENT, (_, digest: string) => `comment "vpc-cni-host ${digest} ${seal}"`);
  await exec.run({ argv: ['nft', '-f', '-'], input: sealed });
}

/** Removes our table, if it is there; nobody else's rules are touched. */
export async function removeNftTable(exec: Exec, family: FilterFamily = 'ip'): Promise<void> {
  // "add" first makes the "delete" succeed whether or not the table exists.
  await applyPacketRules(exec, `add table ${family} ${NFT_TABLE}\ndelete table ${family} ${NFT_TABLE}\n`);
}

/** Removes our packet rules wherever they are; nobody else's rules are touched. */
export async function removePacketRules(exec: Exec): Promise<void> {
  if ((await findPacketRules(exec)).usable) await removeNftTable(exec);
  await removeIpv6Rules(exec);
  await removeIptablesRules(exec, 'ip');
}

/** Removes our rules of IPv6, which hardly any node has. */
async function removeIpv6Rules(exec: Exec): Promise<boolean> {
  const found = await findPacketRules(exec, 'ip6');
  if (!found.usable || found.listing === '') return await removeIptablesRules(exec, 'ip6');
  await removeNftTable(exec, 'ip6');
  return true;
}

/** Where our packet rules are. */
export type PacketFilterKind = 'nftables' | 'iptables';

/** Our packet rules on this host: one table of nftables in each family, or chains of iptables where there is no nft(8). */
export class PacketFilter {
  readonly #exec: Exec;
  readonly #iptables: IptablesFilter;
  readonly #ip6tables: IptablesFilter;
  #kind: PacketFilterKind = 'nftables';
  /** A table of IPv6 that earlier settings asked for is looked for once. */
  #isIpv6Clean = false;

  constructor(exec: Exec) {
    this.#exec = exec;
    this.#iptables = new IptablesFilter(exec, 'ip');
    this.#ip6tables = new IptablesFilter(exec, 'ip6');
  }

  /** Where the rules were at the last look. */
  get kind(): PacketFilterKind {
    return this.#kind;
  }

  /** Makes the rules unless they are there as they should, or removes them; reports whether anything was changed. */
  async repair(pods: PacketRulesInput | undefined, egress?: EgressRulesInput): Promise<boolean> {
    const wanted = { pods, egress };
    const [ipv4, ipv6] = await Promise.all([this.#repairIpv4(wanted), this.#repairIpv6(wanted)]);
    return ipv4 || ipv6;
  }

  async #repairIpv4(wanted: PacketRulesWanted): Promise<boolean> {
    const found = await findPacketRules(this.#exec);
    this.#kind = found.usable ? 'nftables' : 'iptables';
    const tables = iptablesTables(wanted).ip;
    if (!found.usable)
      return tables.length === 0 ? await removeIptablesRules(this.#exec, 'ip') : await this.#iptables.repair(tables);
    const table = packetTables(wanted).ip;
    if (table === undefined ? found.listing === '' : found.digest === table.digest) return false;
    // Without a table this may be the first look after nft(8) was installed: our other rules would translate as well. They go
    // when these are there; that they are looked for meanwhile saves a start two programs.
    const [others] = await Promise.all([
      found.listing === '' ? iptablesSaves(this.#exec, 'ip') : [],
      table === undefined ? removeNftTable(this.#exec) : applyPacketRules(this.#exec, table.script),
    ]);
    await removeIptablesRules(this.#exec, 'ip', others);
    return true;
  }

  async #repairIpv6(wanted: PacketRulesWanted): Promise<boolean> {
    const table = packetTables(wanted).ip6;
    if (table === undefined) {
      if (this.#isIpv6Clean) return false;
      const removed = await removeIpv6Rules(this.#exec);
      this.#isIpv6Clean = true;
      return removed;
    }
    this.#isIpv6Clean = false;
    const found = await findPacketRules(this.#exec, 'ip6');
    if (!found.usable) return await this.#ip6tables.repair(iptablesTables(wanted).ip6);
    if (found.digest === table.digest) return false;
    await applyPacketRules(this.#exec, table.script, 'ip6');
    if (found.listing === '') await removeIptablesRules(this.#exec, 'ip6');
    return true;
  }
}
