import { addressAt, cidrSize, type Ipv4Address, type Ipv4Cidr, ipv4ToNumber, networkOf } from '../../addr/index.ts';

/** The network, router, DNS and one future address at the bottom, and the broadcast address at the top. */
const RESERVED = { first: 4, last: 1 } as const;

/** EC2 gives out IPv4 prefixes of this length, aligned. */
export const PREFIX_LENGTH = 28;

const BLOCK = 16;
const FULL = 0xffff;

/**
 * The IPv4 addresses of one subnet, a mask of sixteen bits for every /28: what is taken, and what lies in a reservation.
 * Counts are kept beside the masks, so a search starts only when there is something to find, and ends within one round.
 */
export class SubnetSpace {
  readonly cidr: Ipv4Cidr;
  readonly #base: number;
  readonly #size: number;
  readonly #taken: Uint16Array;
  readonly #kept: Uint16Array;
  #free = 0;
  #open = 0;
  #openBlocks = 0;
  #addressCursor: number = RESERVED.first;
  #blockCursor = 0;

  /** All of `cidr`, /28 or larger, but the addresses AWS keeps for itself. */
  constructor(cidr: Ipv4Cidr) {
    this.cidr = networkOf(cidr);
    this.#base = ipv4ToNumber(this.cidr.address);
    this.#size = cidrSize(cidr);
    const blocks = this.#size / BLOCK;
    this.#taken = new Uint16Array(blocks);
    this.#kept = new Uint16Array(blocks);
    this.#taken[0] = 2 ** RESERVED.first - 1;
    this.#taken[blocks - 1] = (this.#taken[blocks - 1] ?? 0) | (1 << (BLOCK - RESERVED.last));
    this.#free = this.#size - RESERVED.first - RESERVED.last;
    this.#open = this.#free;
    this.#openBlocks = this.#taken.filter((mask) => mask === 0).length;
  }

  /** Addresses that nobody holds, also those in reservations. */
  get free(): number {
    return this.#free;
  }
  /** Addresses that EC2 may pick: nobody holds them and no reservation keeps them. */
  get open(): number {
    return this.#open;
  }
  /** Wholly free /28 outside of reservations. */
  get openBlocks(): number {
    return this.#openBlocks;
  }

  /** Whether the subnet has this address and AWS does not keep it for itself. */
  isUsable(address: Ipv4Address): boolean {
    const offset = ipv4ToNumber(address) - this.#base;
    return offset >= RESERVED.first && offset < this.#size - RESERVED.last;
  }
  /** Whether the address is one of the subnet, also one AWS keeps. */
  holds(address: Ipv4Address): boolean {
    const offset = ipv4ToNumber(address) - this.#base;
    return offset >= 0 && offset < this.#size;
  }
  /** Whether somebody holds the address. It must be one of the subnet. */
  isTaken(address: Ipv4Address): boolean {
    const offset = ipv4ToNumber(address) - this.#base;
    return (((this.#taken[offset >>> 4] ?? FULL) >>> (offset & 15)) & 1) === 1;
  }
  /** Whether nobody holds an address of the /28 that starts here. */
  isBlockFree(address: Ipv4Address): boolean {
    return this.#taken[(ipv4ToNumber(address) - this.#base) >>> 4] === 0;
  }

  take(address: Ipv4Address): void {
    this.#set(address, true);
  }
  release(address: Ipv4Address): void {
    this.#set(address, false);
  }
  takeBlock(address: Ipv4Address): void {
    this.#write((ipv4ToNumber(address) - this.#base) >>> 4, { taken: FULL });
  }
  releaseBlock(address: Ipv4Address): void {
    this.#write((ipv4ToNumber(address) - this.#base) >>> 4, { taken: 0 });
  }

  /** Keeps a part of the subnet for a reservation, or gives it back. */
  keep(part: Ipv4Cidr, kept: boolean): void {
    const first = ipv4ToNumber(part.address) - this.#base;
    const end = first + cidrSize(part);
    for (let block = first >>> 4; block * BLOCK < end; block += 1) {
      const mask = maskOf(Math.max(first - block * BLOCK, 0), Math.min(end - block * BLOCK, BLOCK));
      const before = this.#kept[block] ?? 0;
      this.#write(block, { kept: kept ? before | mask : before & ~mask });
    }
  }

  /** So many open addresses, next in order, so that one just released comes last. There must be so many. */
  pick(count: number): readonly Ipv4Address[] {
    const picked: Ipv4Address[] = [];
    while (picked.length < count) {
      const position = this.#addressCursor;
      const block = position >>> 4;
      const closed = this.#closed(block);
      this.#addressCursor = closed === FULL ? (block + 1) * BLOCK : position + 1;
      if (this.#addressCursor >= this.#size) this.#addressCursor = 0;
      if (((closed >>> (position & 15)) & 1) === 0) picked.push(addressAt(this.cidr, position));
    }
    return picked;
  }

  /** So many open /28, next in order. There must be so many. */
  pickBlocks(count: number): readonly Ipv4Cidr[] {
    const picked: Ipv4Cidr[] = [];
    while (picked.length < count) {
      const block = this.#blockCursor;
      this.#blockCursor = block + 1 < this.#taken.length ? block + 1 : 0;
      if (this.#closed(block) === 0) picked.push(this.#blockAt(block));
    }
    return picked;
  }

  /** Up to so many wholly free /28 inside a part of the subnet, lowest first. */
  freeBlocksIn(part: Ipv4Cidr, count: number): readonly Ipv4Cidr[] {
    const first = (ipv4ToNumber(part.address) - this.#base) >>> 4;
    const end = first + Math.floor(cidrSize(part) / BLOCK);
    const found: Ipv4Cidr[] = [];
    for (let block = first; block < end && found.length < count; block += 1)
      if (this.#taken[block] === 0) found.push(this.#blockAt(block));
    return found;
  }

  /** The lowest address of every open /28. */
  openBlockAddresses(): readonly Ipv4Address[] {
    return Array.from(this.#taken.keys())
      .filter((block) => this.#closed(block) === 0)
      .map((block) => addressAt(this.cidr, block * BLOCK));
  }

  #closed(block: number): number {
    return (this.#taken[block] ?? FULL) | (this.#kept[block] ?? FULL);
  }

  #blockAt(block: number): Ipv4Cidr {
    return { address: addressAt(this.cidr, block * BLOCK), prefixLength: PREFIX_LENGTH };
  }

  #set(address: Ipv4Address, taken: boolean): void {
    const offset = ipv4ToNumber(address) - this.#base;
    const before = this.#taken[offset >>> 4] ?? FULL;
    const bit = 1 << (offset & 15);
    this.#write(offset >>> 4, { taken: taken ? before | bit : before & ~bit });
  }

  #write(block: number, change: { readonly taken?: number; readonly kept?: number }): void {
    const before = { taken: this.#taken[block] ?? FULL, closed: this.#closed(block) };
    if (change.taken !== undefined) this.#taken[block] = change.taken;
    if (change.kept !== undefined) this.#kept[block] = change.kept;
    const closed = this.#closed(block);
    this.#free += ones(before.taken) - ones(this.#taken[block] ?? FULL);
    this.#open += ones(before.closed) - ones(closed);
    this.#openBlocks += Number(closed === 0) - Number(before.closed === 0);
  }
}

/** Bits `from` up to but not `end`. */
function maskOf(from: number, end: number): number {
  return ((1 << end) - 1) & ~((1 << from) - 1);
}

function ones(mask: number): number {
  let rest = mask;
  let count = 0;
  for (; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
