import { Holding } from './holding.ts';
import type { AddressUse, EniService, PodAddress, PoolCidr, PoolEni } from './types.ts';

/** What an ENI is, its addresses aside. */
export type EniFacts = Omit<PoolEni, 'cidrs' | 'leaving' | 'service'> & { readonly service?: EniService };

/** An ENI of the pool. Which of its CIDRs have room, and which addresses are assigned, is indexed for `choose`. */
export class AttachedEni implements PoolEni {
  readonly id: string;
  card = 0;
  device = 0;
  table = 0;
  primary = false;
  subnetId = '';
  attachedAtMs = 0;
  efa = false;
  service: EniService = 'pods';
  leaving = false;
  readonly cidrs = new Map<string, Holding>();
  /** CIDRs with a free address, the one that has had room longest first. */
  readonly #roomy = new Map<string, Holding>();
  readonly #assigned = new Set<PodAddress>();

  constructor(facts: EniFacts) {
    this.id = facts.id;
    this.update(facts);
  }

  /** Takes over what is newly known; addresses, their uses and the service stay unless told. */
  update(facts: EniFacts): void {
    this.card = facts.card;
    this.device = facts.device;
    this.table = facts.table;
    this.primary = facts.primary;
    this.subnetId = facts.subnetId;
    this.attachedAtMs = facts.attachedAtMs;
    this.efa = facts.efa;
    this.service = facts.service ?? this.service;
  }

  /** Number of addresses that pods hold. */
  get assigned(): number {
    return this.#assigned.size;
  }

  add(cidr: string): Holding {
    const holding = new Holding(cidr);
    this.cidrs.set(cidr, holding);
    this.#roomy.set(cidr, holding);
    return holding;
  }

  remove(cidr: string): void {
    for (const address of this.cidrs.get(cidr)?.uses.keys() ?? []) this.#assigned.delete(address);
    this.cidrs.delete(cidr);
    this.#roomy.delete(cidr);
  }

  use(holding: Holding, address: PodAddress, use: AddressUse | undefined): void {
    holding.set(address, use);
    if (use?.kind === 'assigned') this.#assigned.add(address);
    else this.#assigned.delete(address);
    this.#index(holding);
  }

  setReleasing(holding: Holding, releasing: boolean): void {
    holding.releasing = releasing;
    this.#index(holding);
  }

  /** The CIDR to take an address from: of the kinds wanted first, the fullest one, so that others empty and can go. */
  fullest(kinds: readonly PoolCidr['kind'][]): Holding | undefined {
    for (const kind of kinds) {
      let best: Holding | undefined;
      for (const holding of this.#roomy.values()) {
        if (holding.kind !== kind) continue;
        // Single addresses have no fill: the one that rested longest is the first.
        if (kind === 'address') return holding;
        if (best === undefined || holding.uses.size > best.uses.size) best = holding;
      }
      if (best !== undefined) return best;
    }
    return undefined;
  }

  #index(holding: Holding): void {
    if (!holding.hasRoom) this.#roomy.delete(holding.cidr);
    else if (!this.#roomy.has(holding.cidr)) this.#roomy.set(holding.cidr, holding);
  }
}

/** The CIDR of a card to take an address from: of the fullest ENI that has one to give, so that others empty. */
export function fullestOf(
  enis: Iterable<AttachedEni>,
  card: number,
  kinds: readonly PoolCidr['kind'][],
): Holding | undefined {
  let best: { readonly holding: Holding; readonly assigned: number } | undefined;
  for (const eni of enis) {
    if (eni.card !== card || eni.leaving || eni.service !== 'pods') continue;
    if (best !== undefined && eni.assigned <= best.assigned) continue;
    const holding = eni.fullest(kinds);
    if (holding !== undefined) best = { holding, assigned: eni.assigned };
  }
  return best?.holding;
}
