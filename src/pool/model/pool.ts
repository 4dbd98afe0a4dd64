import { Allocations, sameOwner } from './allocations.ts';
import { AttachedEni, type EniFacts, fullestOf } from './attached-eni.ts';
import type { Holding } from './holding.ts';
import { keysAround } from './range.ts';
import type { Choice, Request } from './request.ts';
import type {
  AddressUse,
  Allocation,
  EniService,
  ForeignDevice,
  OwnerKey,
  PendingGrowth,
  PodAddress,
  PoolEvent,
  PoolView,
} from './types.ts';

interface Place {
  readonly eni: AttachedEni;
  readonly holding: Holding;
}

/**
 * ENIs, their addresses and who holds them. No clock, no effects: allocations change by events, which are written down
 * before they are applied; ENIs and CIDRs change by what EC2 says. Assigning and releasing cost the same at any size.
 */
export class Pool implements PoolView {
  #enis = new Map<string, AttachedEni>();
  readonly #eniOfCidr = new Map<string, AttachedEni>();
  readonly #allocations = new Allocations();
  #pending: readonly PendingGrowth[] = [];
  #foreign: readonly ForeignDevice[] = [];
  /** Cooldowns by address, in the order they began. */
  readonly #cooling = new Map<PodAddress, number>();

  get enis(): ReadonlyMap<string, AttachedEni> {
    return this.#enis;
  }

  get orphans(): readonly Allocation[] {
    return [...this.#allocations.orphans];
  }

  get pending(): readonly PendingGrowth[] {
    return this.#pending;
  }

  get foreign(): readonly ForeignDevice[] {
    return this.#foreign;
  }

  /** The owner's allocations: one, unless a checkpoint told of more. */
  find(owner: OwnerKey): readonly Allocation[] {
    return this.#allocations.of(owner);
  }

  /** Every allocation, orphans included. */
  allocations(): readonly Allocation[] {
    return [...this.#allocations.all()];
  }

  /** What an address is doing; `undefined` when it is free, or on none of our ENIs. */
  useOf(address: PodAddress): AddressUse | undefined {
    return this.#place(address)?.holding.uses.get(address);
  }

  /** The ENI that holds an address, if one does. */
  eniOf(address: PodAddress): AttachedEni | undefined {
    return this.#place(address)?.eni;
  }

  /**
   * The allocation the owner has already, on whatever card (an ADD may be repeated), else the event that gives it an
   * address of the fullest ENI of the first card that has one. `undefined` when none is free. Changes nothing.
   */
  choose(request: Request): Choice | undefined {
    const { owner, since, kinds, cards } = request;
    const [present] = this.find(owner);
    if (present !== undefined) return { kind: 'present', allocation: present };
    for (const card of cards) {
      const address = fullestOf(this.#enis.values(), card, kinds)?.pick();
      if (address !== undefined) return { kind: 'new', event: { kind: 'assigned', address, owner, since } };
    }
    return undefined;
  }

  /** The events that take all of the owner's addresses back into cooldown until `untilMs`. */
  release(owner: OwnerKey, untilMs: number): readonly PoolEvent[] {
    const { network, containerId, ifName } = owner;
    return this.find(owner).map(({ address }) => ({
      kind: 'released',
      address,
      owner: { network, containerId, ifName },
      untilMs,
    }));
  }

  /** Carries an event out. One that fits nothing changes nothing: a journal may be replayed over newer truth. */
  apply(event: PoolEvent): void {
    switch (event.kind) {
      case 'assigned':
        this.#assign(event);
        break;
      case 'released':
        this.#release(event);
        break;
      case 'quarantined':
        this.#quarantine(event);
        break;
      case 'cleared':
        if (this.useOf(event.address)?.kind === 'quarantine') this.#use(event.address, undefined);
        break;
      default:
        event satisfies never;
    }
  }

  /** Lets a free address rest: its cooldown began before a restart. */
  rest(address: PodAddress, untilMs: number): void {
    if (this.#place(address) === undefined) this.#cooling.set(address, untilMs);
    else if (this.useOf(address) === undefined) this.#use(address, { kind: 'cooldown', untilMs });
  }

  /** Ends of cooldowns by address, monotonic; also of addresses that EC2 took away meanwhile and may bring again. */
  get cooldowns(): ReadonlyMap<PodAddress, number> {
    return this.#cooling;
  }

  /** Addresses whose cooldown has run out become free. Reports whether any did. */
  endCooldowns(nowMs: number): boolean {
    const over = [...this.#cooling].filter(([, untilMs]) => untilMs <= nowMs).map(([address]) => address);
    for (const address of over) {
      this.#cooling.delete(address);
      if (this.useOf(address)?.kind === 'cooldown') this.#use(address, undefined);
    }
    return over.length > 0;
  }

  /** The end of the next cooldown, monotonic. */
  get nextCooldownEndMs(): number | undefined {
    let first: number | undefined;
    for (const untilMs of this.#cooling.values()) if (first === undefined || untilMs < first) first = untilMs;
    return first;
  }

  /** Adds an ENI, or takes over new facts of one that is known; its CIDRs and their uses stay. */
  putEni(facts: EniFacts): void {
    const known = this.#enis.get(facts.id);
    if (known === undefined) this.#enis.set(facts.id, new AttachedEni(facts));
    else known.update(facts);
    this.#sort();
  }

  /** Removes an ENI. Allocations of its addresses become orphans. */
  removeEni(eniId: string): void {
    const eni = this.#enis.get(eniId);
    if (eni === undefined) return;
    this.removeCidrs(eniId, [...eni.cidrs.keys()]);
    this.#enis.delete(eniId);
  }

  /** Adds CIDRs to an ENI, from another one if need be; uses stay, and orphans whose address is among them come home. */
  addCidrs(eniId: string, cidrs: readonly string[]): void {
    const eni = this.#enis.get(eniId);
    if (eni === undefined) return;
    for (const cidr of cidrs) {
      const before = this.#eniOfCidr.get(cidr);
      if (before === eni) continue;
      const uses = [...(before?.cidrs.get(cidr)?.uses ?? [])];
      if (before !== undefined) this.removeCidrs(before.id, [cidr]);
      eni.add(cidr);
      this.#eniOfCidr.set(cidr, eni);
      for (const [address, use] of uses) if (use.kind !== 'assigned') this.#use(address, use);
    }
    // Whoever still talks to the pod that had it does not know that the address was away.
    for (const [address, untilMs] of [...this.#cooling]) this.rest(address, untilMs);
    for (const { address } of this.orphans) this.#bringHome(address);
  }

  /** Removes CIDRs of an ENI. Allocations of their addresses become orphans: restoring and removing never delete one. */
  removeCidrs(eniId: string, cidrs: readonly string[]): void {
    const eni = this.#enis.get(eniId);
    for (const cidr of cidrs) {
      const holding = eni?.cidrs.get(cidr);
      if (eni === undefined || holding === undefined) continue;
      const uses = [...holding.uses];
      eni.remove(cidr);
      if (this.#eniOfCidr.get(cidr) === eni) this.#eniOfCidr.delete(cidr);
      for (const [address, use] of uses) {
        if (use.kind === 'assigned')
          this.#allocations.put({ address, owner: use.owner, since: use.since, eni: undefined });
      }
    }
  }

  /** Marks CIDRs as on their way back to EC2, or as staying after all. */
  setReleasing(eniId: string, cidrs: readonly string[], releasing: boolean): void {
    const eni = this.#enis.get(eniId);
    for (const cidr of cidrs) {
      const holding = eni?.cidrs.get(cidr);
      if (holding !== undefined) eni?.setReleasing(holding, releasing);
    }
  }

  /** Marks an ENI as on its way back to EC2, or as staying after all. */
  setLeaving(eniId: string, leaving: boolean): void {
    const eni = this.#enis.get(eniId);
    if (eni !== undefined) eni.leaving = leaving;
  }

  setService(eniId: string, service: EniService): void {
    const eni = this.#enis.get(eniId);
    if (eni !== undefined) eni.service = service;
  }

  addPending(growth: PendingGrowth): void {
    this.#pending = [...this.#pending, growth];
  }

  /** Ends a growth: the same object that was added. */
  removePending(growth: PendingGrowth): void {
    this.#pending = this.#pending.filter((other) => other !== growth);
  }

  setForeign(foreign: readonly ForeignDevice[]): void {
    this.#foreign = foreign;
  }

  #place(address: PodAddress): Place | undefined {
    for (const key of keysAround(address)) {
      const eni = this.#eniOfCidr.get(key);
      const holding = eni?.cidrs.get(key);
      if (eni !== undefined && holding !== undefined) return { eni, holding };
    }
    return undefined;
  }

  #assign({ address, owner, since }: Extract<PoolEvent, { kind: 'assigned' }>): void {
    const place = this.#place(address);
    const use = place?.holding.uses.get(address);
    if (place === undefined || (use?.kind === 'assigned' && !sameOwner(use.owner, owner))) {
      this.#allocations.put({ address, owner, since, eni: undefined });
      return;
    }
    this.#use(address, { kind: 'assigned', owner, since });
    this.#allocations.put({ address, owner, since, eni: place.eni });
  }

  #release({ address, owner, untilMs }: Extract<PoolEvent, { kind: 'released' }>): void {
    const released = this.#allocations.remove(owner, address);
    if (released === undefined) return;
    // An orphan's address rests too, in case EC2 brings it again; unless another pod holds it.
    if (released.eni !== undefined) this.#use(address, { kind: 'cooldown', untilMs });
    else if (this.#place(address) === undefined) this.#cooling.set(address, untilMs);
    // Another pod says it has the same address: as long as it lives, nobody else may get it.
    this.#bringHome(address);
  }

  /** An orphan whose address is on one of our ENIs, and not another's, is none. */
  #bringHome(address: PodAddress): void {
    if (this.#allocations.orphans.size === 0 || this.#place(address) === undefined) return;
    if (this.useOf(address)?.kind === 'assigned') return;
    const [orphan] = this.orphans.filter((each) => each.address === address);
    if (orphan !== undefined) this.#assign({ kind: 'assigned', ...orphan });
  }

  #quarantine({ address, reason, sinceMs }: Extract<PoolEvent, { kind: 'quarantined' }>): void {
    // A pod that holds the address keeps it: nobody else gets it anyway, and its DEL ends the doubt.
    if (this.#place(address) === undefined || this.useOf(address)?.kind === 'assigned') return;
    this.#use(address, { kind: 'quarantine', reason, sinceMs });
  }

  #use(address: PodAddress, use: AddressUse | undefined): void {
    const place = this.#place(address);
    if (place === undefined) return;
    this.#cooling.delete(address);
    place.eni.use(place.holding, address, use);
    if (use?.kind === 'cooldown') this.#cooling.set(address, use.untilMs);
  }

  #sort(): void {
    this.#enis = new Map([...this.#enis].sort(([, a], [, b]) => a.card - b.card || a.device - b.device));
  }
}
