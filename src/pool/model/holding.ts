import { addressIn, indexIn, kindOfCidr, PREFIX_ADDRESSES, sizeOfKind } from './range.ts';
import type { AddressUse, PodAddress, PoolCidr } from './types.ts';

/**
 * One CIDR of an ENI with the uses of its addresses. A /28 gives its lowest free address; a /80 the next one it has not
 * given yet, so that finding one costs the same with 250 pods as with none.
 */
export class Holding implements PoolCidr {
  readonly cidr: string;
  readonly kind: PoolCidr['kind'];
  readonly uses = new Map<PodAddress, AddressUse>();
  releasing = false;
  /** Place of the next address of a /80 to try. */
  #next = 0;

  constructor(cidr: string) {
    this.cidr = cidr;
    this.kind = kindOfCidr(cidr);
  }

  get size(): number {
    return sizeOfKind(this.kind);
  }

  /** Puts an address to a use; `undefined` makes it free. */
  set(address: PodAddress, use: AddressUse | undefined): void {
    if (use === undefined) {
      this.uses.delete(address);
      return;
    }
    this.uses.set(address, use);
    if (this.kind === 'ipv6-prefix') this.#next = Math.max(this.#next, indexIn(this.cidr, address) + 1);
  }

  get hasRoom(): boolean {
    return !this.releasing && this.uses.size < this.size;
  }

  /** An address that is free; `undefined` when there is none. */
  pick(): PodAddress | undefined {
    if (!this.hasRoom) return undefined;
    if (this.kind !== 'ipv6-prefix') return this.#lowest(0, this.kind === 'address' ? 1 : PREFIX_ADDRESSES);
    return this.#lowest(this.#next, this.size) ?? this.#lowest(0, this.#next);
  }

  #lowest(from: number, end: number): PodAddress | undefined {
    for (let index = from; index < end; index++) {
      const address = addressIn(this.cidr, index);
      if (!this.uses.has(address)) return address;
    }
    return undefined;
  }
}
