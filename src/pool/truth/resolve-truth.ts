import type { KnownEni, Memory } from '../journal/memory.ts';
import { sameOwner } from '../model/allocations.ts';
import { Pool } from '../model/pool.ts';
import type { ForeignDevice, Orphan, PodAddress, QuarantineReason } from '../model/types.ts';
import { compareInventory, differenceKeys, type Inventory } from './compare-inventory.ts';

/** Who says what about this node. Any of them may be missing, late or wrong. */
export interface TruthInput {
  /** EC2's answer; `undefined` while it gives none. */
  readonly ec2: Inventory | undefined;
  /** What we wrote down, and whether in this boot: pods do not outlive one. */
  readonly journal: Memory & { readonly sameBoot: boolean };
  /** Pods whose host end runs, and addresses that links of the host itself have. */
  readonly kernel: { readonly pods: readonly Orphan[]; readonly hostAddresses: readonly PodAddress[] };
  /** The metadata's ENIs: known to be minutes late. Counts only where nobody else has said anything. */
  readonly imds: Inventory | undefined;
  /** Milliseconds since the machine was booted. */
  readonly nowMs: number;
  readonly cooldownMs: number;
}

/** Something the sources disagree about, for the log and for whoever asks why. */
export type Finding =
  | { readonly kind: 'kernel-only'; readonly address: PodAddress }
  | { readonly kind: 'orphan'; readonly address: PodAddress }
  | { readonly kind: 'duplicate'; readonly address: PodAddress }
  | { readonly kind: 'host-link'; readonly address: PodAddress }
  | { readonly kind: 'earlier-boot'; readonly address: PodAddress };

/** The pool as it must be believed, whose word the ENIs are, and what to tell. */
export interface Truth {
  readonly pool: Pool;
  readonly source: 'ec2' | 'journal' | 'imds' | 'none';
  readonly findings: readonly Finding[];
  /** What the metadata says differently from whoever is believed, as `differenceKeys` words it. */
  readonly disbelieved: readonly string[];
}

/**
 * THE order of authority: EC2, then our journal, then the kernel, then the metadata. Nothing is ever deleted for being
 * missing in a lesser source, and no allocation for being missing anywhere: one whose address is on none of our ENIs is
 * an orphan, kept until its pod goes. Upstream believed the metadata here and gave live pods' addresses away.
 */
export function resolveTruth(input: TruthInput): Truth {
  const { ec2, journal, kernel, imds } = input;
  const findings: Finding[] = [];
  const pool = new Pool();
  const [source, enis, foreign] = inventoryOf();
  pool.setForeign(foreign);
  for (const { facts, cidrs } of enis) {
    pool.putEni(facts);
    pool.addCidrs(facts.id, cidrs);
  }
  for (const allocation of allocations()) {
    pool.apply({ kind: 'assigned', ...allocation });
    const { address, owner } = allocation;
    if (pool.find(owner).some((each) => each.address === address && each.eni === undefined))
      findings.push({ kind: pool.eniOf(address) === undefined ? 'orphan' : 'duplicate', address });
  }
  restoreRest();
  return { pool, source, findings, disbelieved: disbelieved() };

  function inventoryOf(): readonly [Truth['source'], readonly KnownEni[], readonly ForeignDevice[]] {
    if (ec2 !== undefined) return ['ec2', ec2.enis.map(asOldAsKnown), ec2.foreign];
    if (journal.enis !== undefined) return ['journal', journal.enis.map(notYoungerThanNow), []];
    if (imds !== undefined) return ['imds', imds.enis, imds.foreign];
    return ['none', [], []];
  }

  function disbelieved(): readonly string[] {
    if (imds === undefined || source === 'imds') return [];
    // An ENI that is not for pods is no news: the metadata cannot tell.
    const others = new Set(foreign.map(({ eniId }) => eniId));
    const listed = imds.enis.filter(({ facts }) => !others.has(facts.id));
    return differenceKeys(compareInventory(pool, listed));
  }

  /** EC2's answer does not say since when an ENI is ours; a restart must not make it young again. */
  function asOldAsKnown(eni: KnownEni): KnownEni {
    const before = journal.enis?.find(({ facts }) => facts.id === eni.facts.id)?.facts.attachedAtMs;
    const attachedAtMs = Math.min(eni.facts.attachedAtMs, before ?? Number.POSITIVE_INFINITY);
    return { ...eni, facts: { ...eni.facts, attachedAtMs } };
  }

  /** A file may say anything; an ENI of the future would never be given back. */
  function notYoungerThanNow(eni: KnownEni): KnownEni {
    return { ...eni, facts: { ...eni.facts, attachedAtMs: Math.min(eni.facts.attachedAtMs, input.nowMs) } };
  }

  function allocations(): readonly Orphan[] {
    const kept = journal.allocations.filter((allocation) => {
      if (journal.sameBoot || kernel.pods.some(({ owner }) => sameOwner(owner, allocation.owner))) return true;
      findings.push({ kind: 'earlier-boot', address: allocation.address });
      return false;
    });
    const unknown = kernel.pods.filter(
      ({ owner, address }) => !kept.some((each) => sameOwner(each.owner, owner) && each.address === address),
    );
    for (const { address } of unknown) findings.push({ kind: 'kernel-only', address });
    return [...kept, ...unknown];
  }

  function restoreRest(): void {
    // Whatever a file says, no address rests for longer than a cooldown.
    const latest = input.nowMs + input.cooldownMs;
    for (const [address, untilMs] of journal.cooldowns) pool.rest(address, Math.min(untilMs, latest));
    // Of what the kernel and EC2 say now no doubt from before is left.
    const settled: readonly QuarantineReason[] = source === 'ec2' ? ['host-link', 'not-in-ec2'] : ['host-link'];
    for (const [address, { reason, sinceMs }] of journal.quarantines)
      if (!settled.includes(reason)) pool.apply({ kind: 'quarantined', address, reason, sinceMs });
    for (const address of kernel.hostAddresses) {
      if (pool.eniOf(address) === undefined) continue;
      findings.push({ kind: 'host-link', address });
      pool.apply({ kind: 'quarantined', address, reason: 'host-link', sinceMs: input.nowMs });
    }
  }
}
