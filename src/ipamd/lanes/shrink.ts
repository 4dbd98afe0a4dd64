import { backoffMs, removeEni } from '../../aws/index.ts';
import { type ErrorCode, HostError, toHostError } from '../../errors/index.ts';
import type { LogFields } from '../../log/index.ts';
import { type Intent, keysAround, type PoolAction } from '../../pool/index.ts';
import { byKind, cidrsOf } from './cidrs.ts';
import type { LaneParts } from './lane.ts';
import { untilKnown } from './until-known.ts';

type Shrink = Extract<PoolAction, { kind: 'unassign' | 'delete-eni' }>;
type Unassignment = Extract<Shrink, { kind: 'unassign' }>;

/** Refusals after which nothing has changed in EC2; after any other nobody knows. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['EC2_THROTTLED', 'IAM_DENIED', 'EC2_CREDENTIALS']);
/** A deletion that has failed so often waits this many steps of the back-off longer. */
const SLOWER_BY = 8;

/**
 * Gives CIDRs or a whole ENI back. The pool shows them on their way out before EC2 is asked; what EC2 certainly kept goes
 * back into use, and the refusal is thrown.
 */
export async function shrink(parts: LaneParts, action: Shrink): Promise<LogFields> {
  if (action.kind === 'unassign') await unassign(parts, action);
  else await deleteEni(parts, action.eniId);
  return { eni_id: action.eniId };
}

/** The second proof after the pool's own: nothing goes that the kernel still has rules, routes or links for. */
function proveUnused({ network }: LaneParts, cidrs: readonly string[]): void {
  const going = new Set(cidrs);
  const used = network.addressesInUse().find((address) => keysAround(address).some((key) => going.has(key)));
  if (used !== undefined) throw new HostError('ADDRESS_IN_USE', { address: used });
}

async function unassign(parts: LaneParts, { eniId, cidrs }: Unassignment): Promise<void> {
  const { node, engine } = parts;
  proveUnused(parts, cidrs);
  engine.change((pool) => pool.setReleasing(eniId, cidrs, true));
  try {
    await tellEc2(parts, eniId, cidrs);
  } catch (error) {
    const { code } = toHostError(error);
    if (REFUSED.has(code)) {
      engine.change((pool) => pool.setReleasing(eniId, cidrs, false));
      throw error;
    }
    // The answer may have been lost behind a success, and then the address may be another node's by now.
    const eni = await untilKnown(parts, 'shrink', () => node.ec2.describeEni({ eniId }));
    const held = new Set(eni === undefined ? [] : cidrsOf(eni));
    const kept = cidrs.filter((cidr) => held.has(cidr));
    engine.change((pool) => {
      pool.setReleasing(eniId, kept, false);
      pool.removeCidrs(
        eniId,
        cidrs.filter((cidr) => !held.has(cidr)),
      );
    });
    if (kept.length > 0) throw error;
    return;
  }
  engine.change((pool) => pool.removeCidrs(eniId, cidrs));
}

/** One request for addresses and one for prefixes: EC2 takes them in two. */
async function tellEc2({ node: { ec2 } }: LaneParts, eniId: string, cidrs: readonly string[]): Promise<void> {
  const { addresses, prefixes, ipv6Prefixes } = byKind(cidrs);
  if (addresses.length > 0) await ec2.unassignAddresses({ eniId, addresses });
  if (prefixes.length > 0) await ec2.unassignPrefixes({ eniId, prefixes });
  if (ipv6Prefixes.length > 0) await ec2.unassignIpv6Prefixes({ eniId, prefixes: ipv6Prefixes });
}

async function deleteEni(parts: LaneParts, eniId: string): Promise<void> {
  const { engine, network, store, unmanaged } = parts;
  const eni = network.eni(eniId);
  const attachmentId = eni?.attachmentId;
  proveUnused(parts, [...(engine.pool.enis.get(eniId)?.cidrs.keys() ?? [])]);
  const intent: Intent = { kind: 'delete-eni', key: eniId };
  // Written first: if that fails, nothing has been marked yet.
  store.begin(intent);
  engine.change((pool) => pool.setLeaving(eniId, true));
  try {
    if (attachmentId !== undefined) await detach(parts, { eniId, attachmentId });
  } catch (error) {
    // Told to stop: the intent stays, and the next start goes on.
    if (parts.node.signal.aborted) throw error;
    engine.change((pool) => pool.setLeaving(eniId, false));
    store.end(intent);
    throw error;
  }
  await untilDeleted(parts, eniId);
  store.end(intent);
  if (eni !== undefined) unmanaged.release(eni.mac);
  network.forgetEni(eniId);
  engine.change((pool) => pool.removeEni(eniId));
  network.repair();
}

/** Throws only when the ENI is certainly still attached: then it can go back into use. */
async function detach(parts: LaneParts, eni: { readonly eniId: string; readonly attachmentId: string }): Promise<void> {
  const { ec2 } = parts.node;
  try {
    await ec2.detachEni({ attachmentId: eni.attachmentId });
  } catch (error) {
    const { code } = toHostError(error);
    if (code === 'EC2_NOT_FOUND') return;
    if (REFUSED.has(code)) throw error;
    const now = await untilKnown(parts, 'shrink', () => ec2.describeEni({ eniId: eni.eniId }));
    if (now?.attachment?.state === 'attached') throw error;
  }
}

/** From the detachment on there is no way back: the deletion is tried, slower and slower, until EC2 lets go. */
async function untilDeleted({ node, engine }: LaneParts, eniId: string): Promise<void> {
  for (let rounds = 1; ; rounds++)
    try {
      return await removeEni(node, { eniId, attachmentId: undefined });
    } catch (error) {
      node.signal.throwIfAborted();
      const failure = toHostError(error);
      engine.hold('shrink', 0, failure);
      node.logger.warn('a detached ENI cannot be deleted yet, trying on', { eni_id: eniId, error: failure });
      await node.clock.sleep(backoffMs({ attempt: rounds + SLOWER_BY, random: 0.5 + Math.random() / 2 }), node.signal);
    }
}
