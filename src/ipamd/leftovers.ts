import { removeEni } from '../aws/index.ts';
import { toHostError } from '../errors/index.ts';
import { ENI_TAG } from '../vpc/index.ts';
import { persist } from './identify.ts';
import { provisions } from './lanes/index.ts';
import type { Node } from './parts.ts';
import type { Store, Stored } from './store.ts';

/**
 * Removes what an interrupted run left in EC2, and forgets the intents that led to it. Costs calls only when an intent
 * was left. `found` is called once the leftovers are known: before, nothing may be created, for a new ENI of ours is
 * unattached for a moment too. `freed` is called for each that is gone. Never throws; goes on in the background.
 */
export async function removeLeftovers(
  node: Node,
  parts: {
    readonly store: Store;
    readonly stored: Stored;
    readonly found: () => void;
    readonly freed: (eniId: string) => void;
  },
): Promise<void> {
  const { store, stored } = parts;
  try {
    if (stored.intents.length === 0) return;
    // Nothing may be changed: the intents stay for a start that may.
    if (!provisions(node.settings)) return parts.found();
    const leftovers = await persist(
      node,
      'looking for leftovers',
      () => undefined,
      () => findLeftovers(node),
    );
    parts.found();
    for (const eniId of leftovers) {
      node.logger.info('removing an ENI an interrupted run left behind', { eni_id: eniId });
      await removeEni(node, { eniId, attachmentId: undefined });
      parts.freed(eniId);
    }
    for (const intent of stored.intents) store.end(intent);
  } catch (error) {
    if (node.signal.aborted) return;
    node.logger.error('leftovers of an interrupted run stay until the next start', { error: toHostError(error) });
  }
}

/** The ids of our ENIs that an interrupted creation or deletion left unattached or half detached. */
async function findLeftovers({ ec2, identity }: Node): Promise<readonly string[]> {
  const ours = await ec2.findEnis({ tags: { [ENI_TAG.instance]: identity.instanceId } });
  for (const { id, attachment } of ours)
    if (attachment?.state === 'attached' && !attachment.deleteOnTermination)
      await ec2.setDeleteOnTermination({ eniId: id, attachmentId: attachment.id });
  return ours
    .filter(({ attachment }) => attachment === undefined || attachment.state.startsWith('detach'))
    .map(({ id }) => id);
}
