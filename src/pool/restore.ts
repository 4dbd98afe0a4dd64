import type { Ipv4Address } from '../addr/index.ts';
import type { Orphan, PoolEni, PoolState } from './types.ts';

/** What the pool is put together from at start: EC2's view of the ENIs, and what we wrote down before. */
export interface RestoreInput {
  readonly enis: readonly PoolEni[];
  readonly allocations: readonly Orphan[];
  readonly cooldowns: ReadonlyMap<Ipv4Address, number>;
  readonly foreignDevices: readonly number[];
}

/**
 * The pool after a restart. Nothing is deleted: an allocation whose address EC2 does not list becomes an orphan, one
 * that claims an address another allocation has already is one too.
 */
export function restorePool(input: RestoreInput): PoolState {
  const byAddress = new Map<Ipv4Address, Orphan>();
  const orphans: Orphan[] = [];
  const known = new Set(input.enis.flatMap((eni) => eni.addresses.map(({ address }) => address)));
  for (const allocation of input.allocations) {
    if (known.has(allocation.address) && !byAddress.has(allocation.address))
      byAddress.set(allocation.address, allocation);
    else orphans.push(allocation);
  }
  const enis = input.enis.map((eni) => ({
    ...eni,
    addresses: eni.addresses.map(({ address, use }) => {
      const allocation = byAddress.get(address);
      if (allocation !== undefined)
        return { address, use: { kind: 'assigned', owner: allocation.owner, since: allocation.since } as const };
      const untilMs = input.cooldowns.get(address);
      return { address, use: untilMs === undefined ? use : ({ kind: 'cooldown', untilMs } as const) };
    }),
  }));
  return { enis, pending: [], orphans, foreignDevices: input.foreignDevices };
}
