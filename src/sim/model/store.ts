import { block6Of } from './holders.ts';
import { needSubnet, type VpcState } from './state.ts';
import type { SimEni } from './types.ts';

/** How many deleted ENIs are remembered. */
const KEPT_DELETED = 100;

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
  state.deleted.push(eni);
  if (state.deleted.length > KEPT_DELETED) state.deleted.shift();
  state.emit({ kind: 'eni-deleted', eni });
}

function replace(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  moveSpace(state, before, after);
  state.holders.replace(before, after);
  state.postings.replace(before, after);
  replaceLinks(state, before, after);
}

function replaceLinks(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  const [old, next] = [before?.attachment?.id, after?.attachment?.id];
  if (old !== undefined && old !== next) state.eniByAttachment.delete(old);
  if (next !== undefined && after !== undefined) state.eniByAttachment.set(next, after.id);
  const [tied, tie] = [before?.trunk, after?.trunk];
  if (tied !== undefined && tied.id !== tie?.id) {
    state.branchByAssociation.delete(tied.id);
    const branches = state.branches.get(tied.trunkEniId);
    branches?.delete(tied.vlanId);
    if (branches?.size === 0) state.branches.delete(tied.trunkEniId);
  }
  if (tie !== undefined && tie.id !== tied?.id && after !== undefined) {
    state.branchByAssociation.set(tie.id, after.id);
    const branches = state.branches.get(tie.trunkEniId) ?? new Map<number, string>();
    state.branches.set(tie.trunkEniId, branches.set(tie.vlanId, after.id));
  }
}

/** Frees first: an address may lie in a prefix of the same ENI that goes at the same moment. */
function moveSpace(state: VpcState, before: SimEni | undefined, after: SimEni | undefined): void {
  const record = needSubnet(state, after?.subnetId ?? before?.subnetId ?? '');
  const { space } = record;
  if (before?.addresses !== after?.addresses) {
    const [gone, fresh] = difference(before?.addresses, after?.addresses);
    for (const address of gone) space.release(address);
    for (const address of fresh) space.take(address);
  }
  if (before?.prefixes !== after?.prefixes) {
    const [gone, fresh] = difference(
      before?.prefixes.map(({ address }) => address),
      after?.prefixes.map(({ address }) => address),
    );
    for (const address of gone) space.releaseBlock(address);
    for (const address of fresh) space.takeBlock(address);
  }
  if (before?.ipv6Addresses !== after?.ipv6Addresses || before?.ipv6Prefixes !== after?.ipv6Prefixes)
    record.blocks6 += blocks6(after) - blocks6(before);
}

/** /80 an ENI uses. Two single addresses of one /80 count twice, which errs on the side of a full subnet. */
function blocks6(eni: SimEni | undefined): number {
  if (eni === undefined) return 0;
  return new Set(eni.ipv6Addresses.map(block6Of)).size + eni.ipv6Prefixes.length;
}

function difference<T>(before: readonly T[] = [], after: readonly T[] = []): readonly [readonly T[], readonly T[]] {
  const [old, next] = [new Set(before), new Set(after)];
  return [before.filter((item) => !next.has(item)), after.filter((item) => !old.has(item))];
}
