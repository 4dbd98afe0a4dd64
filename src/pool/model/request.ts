import type { Allocation, Owner, PoolCidr, PoolEvent } from './types.ts';

/** What an ADD asks for. `kinds`: which CIDRs to take from, best first; `cards`: which cards, best first. */
export interface Request {
  readonly owner: Owner;
  /** Nanoseconds since the epoch. */
  readonly since: bigint;
  readonly kinds: readonly PoolCidr['kind'][];
  readonly cards: readonly number[];
}

/** An answer to an ADD: what the owner has already, or the event that would give it an address. */
export type Choice =
  | { readonly kind: 'present'; readonly allocation: Allocation }
  | { readonly kind: 'new'; readonly event: Extract<PoolEvent, { kind: 'assigned' }> };
