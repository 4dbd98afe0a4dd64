import { backoffMs } from '../aws/index.ts';
import { toHostError } from '../errors/index.ts';
import type { Node } from './parts.ts';

// EC2 takes seconds to detach and refuses the deletion until then (upstream's ladder: 12 tries, 5 minutes).
const TRIES = 12;

/**
 * Detaches and deletes an ENI, however far it is on that way already; an ENI that is gone is done. Throws what EC2
 * said last when it will not go.
 */
export async function removeEni(
  node: Pick<Node, 'ec2' | 'clock'>,
  eni: { readonly eniId: string; readonly attachmentId: string | undefined },
): Promise<void> {
  const gone = (error: unknown): boolean => toHostError(error).code === 'EC2_NOT_FOUND';
  if (eni.attachmentId !== undefined)
    await node.ec2.detachEni({ attachmentId: eni.attachmentId }).catch((error: unknown) => {
      // Not found: detached already, or by somebody else. Anything else shows again, and better, in the deletion.
      if (toHostError(error).code === 'IAM_DENIED') throw error;
    });
  for (let attempt = 0; ; attempt++)
    try {
      return await node.ec2.deleteEni({ eniId: eni.eniId });
    } catch (error) {
      if (gone(error)) return;
      if (attempt + 1 >= TRIES || toHostError(error).code === 'IAM_DENIED') throw error;
      // Not less than half the delay: a detachment under way is not made faster by asking.
      await node.clock.sleep(backoffMs({ attempt: attempt + 1, random: 0.5 + Math.random() / 2 }));
    }
}
