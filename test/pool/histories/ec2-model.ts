import { ipv4FromNumber, ipv4ToNumber, parseIpv4 } from '../../../src/addr/index.ts';
import type { EniFacts, ForeignDevice, GrowthUnit, KnownEni } from '../../../src/pool/index.ts';

/** An ENI as EC2 has it; one that is not attached is a leak unless somebody is at work on it. */
interface Eni {
  readonly facts: EniFacts;
  readonly cidrs: Set<string>;
  attached: boolean;
}

const BASE = ipv4ToNumber(parseIpv4('10.0.0.0'));

/** EC2 for one instance and one subnet, with no more room than it has. Addresses given back are given out again first. */
export class Ec2Model {
  readonly enis = new Map<string, Eni>();
  calls = 0;
  #left: number;
  #next = 16;
  #serial = 0;
  readonly #returned: Record<'address' | 'prefix', string[]> = { address: [], prefix: [] };

  constructor(room: number) {
    this.#left = room;
    this.createEni({ card: 0, device: 0, unit: 'address', count: 0 }, true, 0);
  }

  /** What a DescribeNetworkInterfaces tells. */
  inventory(): { readonly enis: readonly KnownEni[]; readonly foreign: readonly ForeignDevice[] } {
    const attached = [...this.enis.values()].filter((eni) => eni.attached);
    return { enis: attached.map(({ facts, cidrs }) => ({ facts, cidrs: [...cidrs] })), foreign: [] };
  }

  holder(cidr: string): string | undefined {
    return [...this.enis].find(([, eni]) => eni.cidrs.has(cidr))?.[0];
  }

  /** Whether the smallest request of this kind would be granted. */
  hasRoomFor(unit: GrowthUnit): boolean {
    return this.#left >= (unit === 'address' ? 1 : 16);
  }

  /** As many as asked for, or none: what EC2 does with a subnet that is too small. */
  assign(eniId: string, unit: GrowthUnit, count: number): readonly string[] | undefined {
    const eni = this.enis.get(eniId);
    const cidrs = eni === undefined ? undefined : this.#take(unit, count);
    for (const cidr of cidrs ?? []) eni?.cidrs.add(cidr);
    return cidrs;
  }

  createEni(
    wanted: { readonly card: number; readonly device: number; readonly unit: GrowthUnit; readonly count: number },
    attached: boolean,
    nowMs: number,
  ): string | undefined {
    const cidrs = this.#take(wanted.unit, wanted.count);
    if (cidrs === undefined) return undefined;
    const id = `eni-${this.#serial++}`;
    const { card, device } = wanted;
    const facts: EniFacts = {
      ...{ id, card, device, table: device + 1, primary: device === 0, subnetId: 'subnet-1' },
      ...{ attachedAtMs: nowMs, efa: false },
    };
    this.enis.set(id, { facts, cidrs: new Set(cidrs), attached });
    return id;
  }

  unassign(eniId: string, cidrs: readonly string[]): void {
    for (const cidr of cidrs) if (this.enis.get(eniId)?.cidrs.delete(cidr) === true) this.#giveBack(cidr);
  }

  deleteEni(eniId: string): void {
    for (const cidr of this.enis.get(eniId)?.cidrs ?? []) this.#giveBack(cidr);
    this.enis.delete(eniId);
  }

  #take(unit: GrowthUnit, count: number): readonly string[] | undefined {
    const kind = unit === 'address' ? 'address' : 'prefix';
    const size = kind === 'address' ? 1 : 16;
    if (count * size > this.#left) return undefined;
    this.#left -= count * size;
    return Array.from({ length: count }, () => this.#returned[kind].shift() ?? this.#fresh(size));
  }

  #fresh(size: number): string {
    this.#next = Math.ceil(this.#next / size) * size;
    const cidr = `${ipv4FromNumber(BASE + this.#next)}/${size === 1 ? 32 : 28}`;
    this.#next += size;
    return cidr;
  }

  #giveBack(cidr: string): void {
    const kind = cidr.endsWith('/32') ? 'address' : 'prefix';
    this.#left += kind === 'address' ? 1 : 16;
    this.#returned[kind].push(cidr);
  }
}
