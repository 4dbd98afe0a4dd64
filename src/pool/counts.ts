import type { AddressUse, PoolAddress, PoolCounts, PoolEni, PoolState } from './types.ts';

/** Number of addresses of an ENI in one use. */
export function countUse(eni: PoolEni, kind: AddressUse['kind']): number {
  return eni.addresses.reduce((sum, { use }) => sum + (use.kind === kind ? 1 : 0), 0);
}

/** Counts by use. Addresses of a leaving ENI count as releasing whatever they were. */
export function countPool(state: PoolState): PoolCounts {
  const counts = { total: 0, assigned: 0, free: 0, cooldown: 0, releasing: 0 };
  for (const eni of state.enis)
    for (const { use } of eni.addresses) {
      const kind = eni.leaving ? 'releasing' : use.kind;
      counts[kind] += 1;
      if (kind !== 'releasing') counts.total += 1;
    }
  return { ...counts, pending: state.pending.reduce((sum, { count }) => sum + count, 0) };
}

/** Addresses whose cooldown has run out become free. Returns the same state when there are none. */
export function endCooldowns(state: PoolState, nowMs: number): PoolState {
  const over = ({ use }: PoolAddress): boolean => use.kind === 'cooldown' && use.untilMs <= nowMs;
  if (!state.enis.some((eni) => eni.addresses.some(over))) return state;
  const enis = state.enis.map((eni) =>
    eni.addresses.some(over)
      ? {
          ...eni,
          addresses: eni.addresses.map((entry) => (over(entry) ? { ...entry, use: { kind: 'free' } as const } : entry)),
        }
      : eni,
  );
  return { ...state, enis };
}
