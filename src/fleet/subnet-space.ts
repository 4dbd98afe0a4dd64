import { addressAt, cidrSize, formatCidr, hostCidr, type Ipv4Cidr, ipv4ToNumber, networkOf } from '../addr/index.ts';

/** Addresses of a /28. */
const BLOCK = 16;
const FULL = 0xffff;
/** EC2 keeps the first four addresses of a subnet and the last one (VPC user guide, "Subnet sizing"). */
const KEPT_FIRST = 4;

/** A subnet to plan with: its network, and what others hold of it. */
export interface SubnetSpec {
  readonly cidr: Ipv4Cidr;
  readonly used: number;
  /** Whether what others hold lies all over the subnet, so that few /28s are whole. */
  readonly scattered: boolean;
}

/** What can be said of a subnet at a moment, in addresses. */
export interface SubnetView {
  readonly cidr: string;
  /** All that can ever be had: EC2 keeps five. */
  readonly usable: number;
  readonly free: number;
  /** Whole /28s left. */
  readonly freePrefixes: number;
}

/** Who has which address of a subnet. Single addresses are taken from the low end, prefixes from the high one. */
export class SubnetSpace {
  readonly cidr: Ipv4Cidr;
  readonly id: string;
  readonly #base: number;
  /** A bit for each address that is taken. */
  readonly #blocks: Uint16Array;
  #free: number;
  #whole = 0;
  /** No block below has room for a single address, and none above is whole. */
  #lowest = 0;
  #highest: number;

  constructor({ cidr, used, scattered }: SubnetSpec) {
    this.cidr = networkOf(cidr);
    this.id = formatCidr(this.cidr);
    this.#base = ipv4ToNumber(this.cidr.address);
    this.#blocks = new Uint16Array(Math.max(1, cidrSize(cidr) / BLOCK));
    const last = this.#blocks.length - 1;
    this.#highest = last;
    this.#free = cidrSize(cidr);
    this.#whole = this.#blocks.length;
    for (let index = 0; index < KEPT_FIRST; index++) this.#take(index);
    this.#take(cidrSize(cidr) - 1);
    if (scattered) this.#scatter(used);
    else this.takeAddresses(Math.min(used, this.#free));
  }

  get view(): SubnetView {
    const usable = this.#blocks.length * BLOCK - KEPT_FIRST - 1;
    return { cidr: this.id, usable, free: this.#free, freePrefixes: this.#whole };
  }

  /** So many single addresses (/32); `undefined`, and nothing taken, when there are fewer. */
  takeAddresses(count: number): readonly string[] | undefined {
    if (count > this.#free) return undefined;
    const taken: string[] = [];
    for (let block = this.#lowest; taken.length < count; block++) {
      for (let bit = 0; bit < BLOCK && taken.length < count; bit++) {
        const index = block * BLOCK + bit;
        if (this.#isTaken(index)) continue;
        this.#take(index);
        taken.push(formatCidr(hostCidr(addressAt(this.cidr, index))));
      }
      this.#lowest = block;
    }
    return taken;
  }

  /** So many /28s; `undefined`, and nothing taken, when there are fewer whole ones. */
  takePrefixes(count: number): readonly string[] | undefined {
    if (count > this.#whole) return undefined;
    const taken: string[] = [];
    for (let block = this.#highest; taken.length < count; block--) {
      this.#highest = block;
      if (this.#blocks[block] !== 0) continue;
      this.#blocks[block] = FULL;
      this.#free -= BLOCK;
      this.#whole -= 1;
      taken.push(`${addressAt(this.cidr, block * BLOCK)}/28`);
    }
    return taken;
  }

  /** Takes a /32 or a /28 back. */
  giveBack(cidr: string): void {
    const [address = '', length] = cidr.split('/');
    const index = numberOf(address) - this.#base;
    const block = Math.floor(index / BLOCK);
    const bits = length === '28' ? FULL : 1 << (index % BLOCK);
    this.#blocks[block] = (this.#blocks[block] ?? 0) & ~bits;
    this.#free += length === '28' ? BLOCK : 1;
    this.#lowest = Math.min(this.#lowest, block);
    if (this.#blocks[block] !== 0) return;
    this.#whole += 1;
    this.#highest = Math.max(this.#highest, block);
  }

  #isTaken(index: number): boolean {
    return ((this.#blocks[Math.floor(index / BLOCK)] ?? FULL) & (1 << (index % BLOCK))) !== 0;
  }

  #take(index: number): void {
    const block = Math.floor(index / BLOCK);
    if (this.#blocks[block] === 0) this.#whole -= 1;
    this.#blocks[block] = (this.#blocks[block] ?? 0) | (1 << (index % BLOCK));
    this.#free -= 1;
  }

  /** One address of each block in turn, then a second one of each. */
  #scatter(count: number): void {
    let left = Math.min(count, this.#free);
    for (let bit = 8; left > 0; bit = (bit + 1) % BLOCK)
      for (let block = 0; block < this.#blocks.length && left > 0; block++) {
        const index = block * BLOCK + bit;
        if (this.#isTaken(index)) continue;
        this.#take(index);
        left -= 1;
      }
  }
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
