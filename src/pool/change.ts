import type { Ipv4Address } from '../addr/index.ts';
import type { PendingGrowth, PoolEni, PoolState } from './types.ts';

/** A pool that knows nothing yet. */
export const EMPTY_POOL: PoolState = { enis: [], pending: [], orphans: [], foreignDevices: [] };

/** The state with this ENI in it, in the place of one with the same id. */
export function withEni(state: PoolState, eni: PoolEni): PoolState {
  const others = state.enis.filter((other) => other.id !== eni.id);
  return { ...state, enis: [...others, eni].sort((a, b) => a.device - b.device) };
}

/** The state without this ENI. */
export function withoutEni(state: PoolState, eniId: string): PoolState {
  return { ...state, enis: state.enis.filter((eni) => eni.id !== eniId) };
}

/** The state with this ENI on its way out, or staying after all. */
export function withLeaving(state: PoolState, eniId: string, leaving: boolean): PoolState {
  return { ...state, enis: state.enis.map((eni) => (eni.id === eniId ? { ...eni, leaving } : eni)) };
}

/** The state with new free addresses on an ENI; ones it has already keep their use. */
export function withAddresses(state: PoolState, eniId: string, addresses: readonly Ipv4Address[]): PoolState {
  const enis = state.enis.map((eni) => {
    if (eni.id !== eniId) return eni;
    const known = new Set(eni.addresses.map(({ address }) => address));
    const added = addresses.filter((address) => !known.has(address));
    return {
      ...eni,
      addresses: [...eni.addresses, ...added.map((address) => ({ address, use: { kind: 'free' } as const }))],
    };
  });
  return { ...state, enis };
}

/** The state without these addresses of an ENI, whatever they were doing. */
export function withoutAddresses(state: PoolState, eniId: string, addresses: readonly Ipv4Address[]): PoolState {
  const gone = new Set(addresses);
  const enis = state.enis.map((eni) =>
    eni.id === eniId ? { ...eni, addresses: eni.addresses.filter(({ address }) => !gone.has(address)) } : eni,
  );
  return { ...state, enis };
}

/** The state with one more growth under way. */
export function withPending(state: PoolState, growth: PendingGrowth): PoolState {
  return { ...state, pending: [...state.pending, growth] };
}

/** The state with this growth (the same object) no longer under way. */
export function withoutPending(state: PoolState, growth: PendingGrowth): PoolState {
  return { ...state, pending: state.pending.filter((other) => other !== growth) };
}

/** The state with a device number free again that an ENI of no use to us held. */
export function withoutForeignDevice(state: PoolState, device: number): PoolState {
  return { ...state, foreignDevices: state.foreignDevices.filter((other) => other !== device) };
}
