import type { Ipv4Address } from '../addr/index.ts';
import { backoffMs, insist, removeEni } from '../aws/index.ts';
import { rulesOfAddress } from '../dataplane/index.ts';
import { type ErrorCode, HostError, toHostError } from '../errors/index.ts';
import { listOwnRules } from '../kernel/index.ts';
import type { LogFields } from '../log/index.ts';
import { type PoolAction, withLeaving, withoutAddresses, withoutEni, withUse } from '../pool/index.ts';
import type { LaneParts } from './lane.ts';
import type { Intent } from './store.ts';

type Shrink = Extract<PoolAction, { kind: 'unassign-addresses' | 'delete-eni' }>;
type Unassignment = Extract<Shrink, { kind: 'unassign-addresses' }>;

/** Refusals after which nothing has changed in EC2; after any other nobody knows. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['EC2_THROTTLED', 'IAM_DENIED', 'EC2_CREDENTIALS']);
const ASK_TRIES = 8;

/**
 * Gives addresses or a whole ENI back. The pool shows them on their way out before EC2 is asked; what EC2 certainly kept
 * goes back into use, and the refusal is thrown.
 */
export async function shrink(parts: LaneParts, action: Shrink): Promise<LogFields> {
  if (action.kind === 'unassign-addresses') await unassign(parts, action);
  else await deleteEni(parts, action.eniId);
  return { eni_id: action.eniId };
}

/** The second proof after the pool's own: nothing goes that the kernel still has rules for. */
function proveUnused({ node }: LaneParts, addresses: readonly Ipv4Address[]): void {
  const rules = listOwnRules(node.socket);
  const used = addresses.find((address) => rulesOfAddress(address, rules).length > 0);
  if (used !== undefined) throw new HostError('ADDRESS_IN_USE', { address: used });
}

async function unassign(parts: LaneParts, { eniId, addresses }: Unassignment): Promise<void> {
  const { node, engine } = parts;
  proveUnused(parts, addresses);
  engine.update((state) => withUse(state, { eniId, addresses }, { kind: 'releasing' }));
  const kept = (list: readonly Ipv4Address[]): void =>
    engine.update((state) => withUse(state, { eniId, addresses: list }, { kind: 'free' }));
  try {
    await node.ec2.unassignAddresses({ eniId, addresses });
  } catch (error) {
    const { code } = toHostError(error);
    if (REFUSED.has(code)) {
      kept(addresses);
      throw error;
    }
    // The answer may have been lost behind a success, and then the address may be another node's by now.
    const eni = await insist(patience(parts), () => node.ec2.describeEni({ eniId }));
    const held = addresses.filter((address) => eni?.addresses.includes(address));
    kept(held);
    const gone = addresses.filter((address) => !held.includes(address));
    engine.update((state) => withoutAddresses(state, eniId, gone));
    if (held.length > 0) throw error;
    return;
  }
  engine.update((state) => withoutAddresses(state, eniId, addresses));
}

const patience = ({ node }: LaneParts) => ({ clock: node.clock, tries: ASK_TRIES, signal: node.signal });

async function deleteEni(parts: LaneParts, eniId: string): Promise<void> {
  const { engine, network, store, unmanaged } = parts;
  const eni = network.eni(eniId);
  const attachmentId = eni?.attachmentId;
  const addresses = engine.state.enis.find(({ id }) => id === eniId)?.addresses ?? [];
  proveUnused(
    parts,
    addresses.map(({ address }) => address),
  );
  const intent: Intent = { kind: 'delete-eni', key: eniId };
  // Written first: if that fails, nothing has been marked yet.
  store.begin(intent);
  engine.update((state) => withLeaving(state, eniId, true));
  try {
    if (attachmentId !== undefined) await detach(parts, { eniId, attachmentId });
  } catch (error) {
    // Told to stop: the intent stays, and the next start goes on.
    if (parts.node.signal.aborted) throw error;
    engine.update((state) => withLeaving(state, eniId, false));
    store.end(intent);
    throw error;
  }
  await untilDeleted(parts, eniId);
  store.end(intent);
  if (eni !== undefined) unmanaged.release(eni.mac);
  network.forgetEni(eniId);
  engine.update((state) => withoutEni(state, eniId));
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
    const now = await insist(patience(parts), () => ec2.describeEni({ eniId: eni.eniId }));
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
      await node.clock.sleep(backoffMs({ attempt: rounds + ASK_TRIES, random: 0.5 + Math.random() / 2 }), node.signal);
    }
}
