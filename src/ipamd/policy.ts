import type { DecideInput } from '../pool/index.ts';

/** What the operator and the subnets allow now. */
export interface Policy
  extends Pick<DecideInput, 'permits' | 'trunkReserve' | 'fragmented' | 'newEniFragmented' | 'full' | 'newEniFull'> {
  /** Why the pool may not grow, to be told to a pod that finds no address. */
  readonly because?: string | undefined;
  /** Whether EC2 is being asked which ENIs there are, for want of a slot that we see. */
  readonly looking?: boolean;
}

/** Everything allowed, as on an ordinary node. */
export const FREE_POLICY: Policy = {
  permits: { grow: true, shrink: true, freeEnis: true },
  trunkReserve: 0,
  fragmented: new Set(),
  newEniFragmented: false,
  full: new Set(),
  newEniFull: false,
};

/** Whether what is wanted is all that is lacking: a subnet without room is not asked, and no less wanted. */
export const isAtRest = ({ permits, full, fragmented }: Policy): boolean =>
  permits.grow && full.size + fragmented.size === 0;
