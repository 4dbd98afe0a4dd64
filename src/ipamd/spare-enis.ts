import { toHostError } from '../errors/index.ts';
import type { LaneParts } from './lanes/index.ts';
import { later } from './later.ts';

/** Without the right to describe subnets the question is asked rarely, and new ENIs go to the node's own subnet. */
const AGAIN_MS = 15_000;
const LONGEST_MS = 3_600_000;

/**
 * Learns which subnets are tagged out, and lets the ENIs in them give new pods no address any more. Beside the start: a
 * subnet that cannot be asked for is no reason to keep anything from anybody.
 */
export function spareEnis({ node, engine, placement }: Pick<LaneParts, 'node' | 'engine' | 'placement'>): void {
  placement.onChange(() =>
    engine.change((pool) => {
      for (const eni of [...pool.enis.values()])
        pool.setService(eni.id, placement.isSpared(eni) ? 'no-new-pods' : 'pods');
    }),
  );
  if (placement.asksForSubnets) learn(AGAIN_MS);

  function learn(waitMs: number): void {
    placement.subnets().catch((caught: unknown) => {
      if (node.signal.aborted) return;
      const error = toHostError(caught);
      node.logger.warn(`subnets cannot be described, trying again in ${waitMs / 1000} s`, { error });
      later(node, waitMs, () => learn(Math.min(LONGEST_MS, waitMs * 2)));
    });
  }
}
