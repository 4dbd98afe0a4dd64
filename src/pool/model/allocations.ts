import type { Allocation, OwnerKey, PodAddress } from './types.ts';

const keyOf = (owner: OwnerKey): string => `${owner.network}\n${owner.containerId}\n${owner.ifName}`;

/** Reports whether both are the same interface of the same sandbox in the same network. */
export function sameOwner(a: OwnerKey, b: OwnerKey): boolean {
  return a.containerId === b.containerId && a.ifName === b.ifName && a.network === b.network;
}

/** Allocations by owner: each interface of a pod is one. Those without an ENI are orphans. */
export class Allocations {
  readonly #byOwner = new Map<string, readonly Allocation[]>();
  readonly #orphans = new Set<Allocation>();

  of(owner: OwnerKey): readonly Allocation[] {
    return this.#byOwner.get(keyOf(owner)) ?? [];
  }

  *all(): Generator<Allocation> {
    for (const allocations of this.#byOwner.values()) yield* allocations;
  }

  get orphans(): ReadonlySet<Allocation> {
    return this.#orphans;
  }

  /** Notes an allocation in the place of one of the same owner and address. */
  put(allocation: Allocation): void {
    this.remove(allocation.owner, allocation.address);
    this.#byOwner.set(keyOf(allocation.owner), [...this.of(allocation.owner), allocation]);
    if (allocation.eni === undefined) this.#orphans.add(allocation);
  }

  /** The allocation that was removed, if there was one. */
  remove(owner: OwnerKey, address: PodAddress): Allocation | undefined {
    const [removed] = this.of(owner).filter((allocation) => allocation.address === address);
    if (removed === undefined) return undefined;
    this.#orphans.delete(removed);
    const left = this.of(owner).filter((allocation) => allocation !== removed);
    if (left.length === 0) this.#byOwner.delete(keyOf(owner));
    else this.#byOwner.set(keyOf(owner), left);
    return removed;
  }
}
