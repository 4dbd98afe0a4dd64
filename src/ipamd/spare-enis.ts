import { persist } from './identify.ts';
import type { LaneParts } from './lanes/index.ts';

/**
 * Learns which subnets are tagged out, and lets the ENIs in them give new pods no address any more. Beside the start: a
 * subnet that cannot be asked for is no reason to keep anything from anybody.
 */
export async function spareEnis({
  node,
  engine,
  placement,
}: Pick<LaneParts, 'node' | 'engine' | 'placement'>): Promise<void> {
  if (!placement.asksForSubnets) return;
  try {
    await persist(
      node,
      'asking EC2 for the subnets',
      () => undefined,
      () => placement.subnets(),
    );
  } catch (error) {
    if (node.signal.aborted) return;
    throw error;
  }
  engine.change((pool) => {
    for (const eni of [...pool.enis.values()])
      pool.setService(eni.id, placement.isSpared(eni) ? 'no-new-pods' : 'pods');
  });
}
