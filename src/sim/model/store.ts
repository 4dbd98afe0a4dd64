import type { Ipv4Address, Ipv6Address } from '../../addr/index.ts';
import { block6Of, type Held } from './holders.ts';
import { needSubnet, type VpcState } from './state.ts';
import type { SimEni } from './types.ts';

/**
 * Puts an ENI in place of the one with its id, and keeps every index and the subnet's addresses right. This and
 * `dropEni` are the only places that write them.
 */
export function putEni(state: VpcState, eni: SimEni): SimEni {
  const before = state.enis.get(eni.id);
  replace(state, before, eni);
  state.enis.set(eni.id, eni);
  if (before === undefined) state.eniByMac.set(eni.mac, eni.id);
  state.replaced(before, eni);
  return eni;
}

/** Takes an ENI out of the VPC, without a word to anybody. */
export function dropEni(state: VpcState, eni: SimEni): void {
  replace(state, eni, undefined);
  state.enis.delete(eni.id);
  state.eniByMac.delete(eni.mac);
  state.tokens.eni.forget(eni.id);
  state.replaced(eni, undefined);
}

/** Puts a changed ENI in place and tells the faces. */
export function changeEni(state: VpcState, eni: SimEni): SimEni {
  putEni(state, eni);
  state.emit({ kind: 'eni-changed', eni });
  return eni;
}

/** Takes an ENI out of the VPC for good and tells the faces. */
export function removeEni(state: VpcState, eni: SimEni): void {
  dropEni(state, eni);
  state.emit({ kind: 'eni-deleted', eni });
}

function replace(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  moveAddresses(state, before, after);
  state.postings.replace(before, after);
  replaceAttachment(state, before, after);
  replaceTrunk(state, before, after);
}

function replaceAttachment(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  const [old, next] = [before?.attachment?.id, after?.attachment?.id];
  if (old !== undefined && old !== next) state.eniByAttachment.delete(old);
  if (next !== undefined && after !== undefined) state.eniByAttachment.set(next, after.id);
}

function replaceTrunk(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  const [old, next] = [before?.trunk, after?.trunk];
  if (old?.id === next?.id) return;
  if (old !== undefined) {
    state.branchByAssociation.delete(old.id);
    state.tokens.trunk.forget(old.id);
    const branches = state.branches.get(old.trunkEniId);
    branches?.delete(old.vlanId);
    if (branches?.size === 0) state.branches.delete(old.trunkEniId);
  }
  if (next !== undefined && after !== undefined) {
    state.branchByAssociation.set(next.id, after.id);
    const branches = state.branches.get(next.trunkEniId) ?? new Map<number, string>();
    state.branches.set(next.trunkEniId, branches.set(next.vlanId, after.id));
  }
}

interface Holding {
  readonly singles4: readonly Ipv4Address[];
  readonly prefixes4: readonly Ipv4Address[];
  readonly singles6: readonly Ipv6Address[];
  readonly prefixes6: readonly Ipv6Address[];
}

const NOTHING: Holding = { singles4: [], prefixes4: [], singles6: [], prefixes6: [] };

function holdingOf(eni: SimEni | undefined): Holding {
  if (eni === undefined) return NOTHING;
  return {
    singles4: eni.addresses,
    prefixes4: eni.prefixes.map(({ address }) => address),
    singles6: eni.ipv6Addresses,
    prefixes6: eni.ipv6Prefixes.map(({ address }) => address),
  };
}

function moveAddresses(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  if (
    before?.addresses === after?.addresses &&
    before?.prefixes === after?.prefixes &&
    before?.ipv6Addresses === after?.ipv6Addresses &&
    before?.ipv6Prefixes === after?.ipv6Prefixes
  )
    return;
  const record = needSubnet(state, after?.subnetId ?? before?.subnetId ?? '');
  const [old, next] = [holdingOf(before), holdingOf(after)];
  const [gone, fresh] = [without(old, next), without(next, old)];
  for (const address of gone.singles4) record.space.release(address);
  for (const first of gone.prefixes4) record.space.releaseBlock(first);
  for (const address of fresh.singles4) record.space.take(address);
  for (const first of fresh.prefixes4) record.space.takeBlock(first);
  record.blocks6 += blocks6(next) - blocks6(old);
  state.holders.forget(bothFamilies(gone));
  if (after !== undefined) state.holders.learn(bothFamilies(fresh), after.id);
}

function bothFamilies({ singles4, prefixes4, singles6, prefixes6 }: Holding): Held {
  return { singles: [...singles4, ...singles6], prefixes: [...prefixes4, ...prefixes6] };
}

/** /80 an ENI uses. One that two ENIs have single addresses in counts twice, which errs on the side of a full subnet. */
function blocks6({ singles6, prefixes6 }: Holding): number {
  return singles6.length === 0 ? prefixes6.length : new Set(singles6.map(block6Of)).size + prefixes6.length;
}

/** What `one` has and `other` has not. */
function without(one: Holding, other: Holding): Holding {
  return {
    singles4: minus(one.singles4, other.singles4),
    prefixes4: minus(one.prefixes4, other.prefixes4),
    singles6: minus(one.singles6, other.singles6),
    prefixes6: minus(one.prefixes6, other.prefixes6),
  };
}

function minus<T>(one: readonly T[], other: readonly T[]): readonly T[] {
  if (one === other || one.length === 0) return [];
  if (other.length === 0) return one;
  const known = new Set(other);
  return one.filter((item) => !known.has(item));
}
