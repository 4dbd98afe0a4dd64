import { removeEni } from '../aws/index.ts';
import { rulesOfAddress } from '../dataplane/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { listOwnRules } from '../kernel/index.ts';
import type { LogFields } from '../log/index.ts';
import { type PoolAction, withLeaving, withoutAddresses, withoutEni, withUse } from '../pool/index.ts';
import type { LaneParts } from './lane.ts';
import type { Intent } from './store.ts';

type Shrink = Extract<PoolAction, { kind: 'unassign-addresses' | 'delete-eni' }>;

/**
 * Gives addresses or a whole ENI back. The pool shows them on their way out before EC2 is asked; a failure puts them
 * back into use and is thrown.
 */
export async function shrink(parts: LaneParts, action: Shrink): Promise<LogFields> {
  if (action.kind === 'unassign-addresses') await unassign(parts, action);
  else await deleteEni(parts, action.eniId);
  return { eni_id: action.eniId };
}

async function unassign(parts: LaneParts, action: Extract<Shrink, { kind: 'unassign-addresses' }>): Promise<void> {
  const { eniId, addresses } = action;
  const { node, engine } = parts;
  // The second proof after the pool's own: nothing goes that the kernel still has rules for.
  const rules = listOwnRules(node.socket);
  const used = addresses.find((address) => rulesOfAddress(address, rules).length > 0);
  if (used !== undefined) throw new HostError('ADDRESS_IN_USE', { address: used });
  engine.update((state) => withUse(state, { eniId, addresses }, { kind: 'releasing' }));
  try {
    await node.ec2.unassignAddresses({ eniId, addresses });
  } catch (error) {
    if (toHostError(error).code !== 'EC2_NOT_FOUND') {
      engine.update((state) => withUse(state, { eniId, addresses }, { kind: 'free' }));
      throw error;
    }
  }
  engine.update((state) => withoutAddresses(state, eniId, addresses));
}

async function deleteEni(parts: LaneParts, eniId: string): Promise<void> {
  const { node, engine, network, store } = parts;
  const intent: Intent = { kind: 'delete-eni', key: eniId };
  engine.update((state) => withLeaving(state, eniId, true));
  store.begin(intent);
  try {
    await removeEni(node, { eniId, attachmentId: network.eni(eniId)?.attachmentId });
  } catch (error) {
    // Told to stop: the intent stays, and the next start goes on.
    if (node.signal.aborted) throw error;
    engine.update((state) => withLeaving(state, eniId, false));
    store.end(intent);
    throw error;
  }
  network.dropEni(eniId);
  store.end(intent);
  engine.update((state) => withoutEni(state, eniId));
}
