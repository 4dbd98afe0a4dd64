import type { Ipv4Address } from '../addr/index.ts';
import { countUse, endCooldowns } from './counts.ts';
import type { AddressUse, Owner, PoolEni, PoolState } from './types.ts';

/** An address with its owner and the ENI that holds it; an orphan has no ENI. */
export interface Allocation {
  readonly address: Ipv4Address;
  readonly owner: Owner;
  readonly since: bigint;
  readonly eni: { readonly id: string; readonly table: number } | undefined;
}

/** The primary key of an allocation, as upstream has it: network, container, interface. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.containerId === b.containerId && a.ifName === b.ifName && a.network === b.network;
}

/** Every allocation, by ENI and address, orphans last. */
export function listAllocations(state: PoolState): readonly Allocation[] {
  return [
    ...state.enis.flatMap((eni) =>
      eni.addresses.flatMap(({ address, use }) =>
        use.kind === 'assigned' ? [{ address, owner: use.owner, since: use.since, eni }] : [],
      ),
    ),
    ...state.orphans.map((orphan) => ({ ...orphan, eni: undefined })),
  ];
}

/** The allocation of this owner, if it has one. */
export function findAllocation(state: PoolState, owner: Owner): Allocation | undefined {
  for (const eni of state.enis)
    for (const { address, use } of eni.addresses)
      if (use.kind === 'assigned' && sameOwner(use.owner, owner))
        return { address, owner: use.owner, since: use.since, eni };
  const orphan = state.orphans.find((candidate) => sameOwner(candidate.owner, owner));
  return orphan === undefined ? undefined : { ...orphan, eni: undefined };
}

/** The state with one address put to another use. */
export function withUse(
  state: PoolState,
  where: { readonly eniId: string; readonly addresses: readonly Ipv4Address[] },
  use: AddressUse,
): PoolState {
  const chosen = new Set(where.addresses);
  const enis = state.enis.map((eni) =>
    eni.id === where.eniId
      ? { ...eni, addresses: eni.addresses.map((entry) => (chosen.has(entry.address) ? { ...entry, use } : entry)) }
      : eni,
  );
  return { ...state, enis };
}

/** The ENI to take the next address from: the fullest one, so that others empty and can go; among equals the oldest. */
function fullestWithFree(enis: readonly PoolEni[]): PoolEni | undefined {
  return enis
    .filter((eni) => !eni.leaving && countUse(eni, 'free') > 0)
    .sort((a, b) => countUse(b, 'assigned') - countUse(a, 'assigned') || a.device - b.device)[0];
}

/**
 * Gives the owner an address: the one it has already (an ADD may be repeated), else the first free one of the fullest
 * ENI. `undefined` when none is free.
 */
export function assignAddress(
  state: PoolState,
  request: { readonly owner: Owner; readonly nowMs: number; readonly since: bigint },
): { readonly state: PoolState; readonly allocation: Allocation } | undefined {
  const { owner, nowMs, since } = request;
  const present = findAllocation(state, owner);
  if (present !== undefined) return { state, allocation: present };
  const current = endCooldowns(state, nowMs);
  const eni = fullestWithFree(current.enis);
  const entry = eni?.addresses.find(({ use }) => use.kind === 'free');
  if (eni === undefined || entry === undefined) return undefined;
  return {
    state: withUse(current, { eniId: eni.id, addresses: [entry.address] }, { kind: 'assigned', owner, since }),
    allocation: { address: entry.address, owner, since, eni },
  };
}

/** Takes the owner's address back into cooldown until `untilMs`; `undefined` when the owner has none. */
export function releaseAddress(
  state: PoolState,
  request: { readonly owner: Owner; readonly untilMs: number },
): { readonly state: PoolState; readonly allocation: Allocation } | undefined {
  const allocation = findAllocation(state, request.owner);
  if (allocation === undefined) return undefined;
  if (allocation.eni === undefined) {
    const orphans = state.orphans.filter((orphan) => !sameOwner(orphan.owner, request.owner));
    return { state: { ...state, orphans }, allocation };
  }
  const where = { eniId: allocation.eni.id, addresses: [allocation.address] };
  return { state: withUse(state, where, { kind: 'cooldown', untilMs: request.untilMs }), allocation };
}
