import { formatCidr, ipv6FromBigInt, ipv6ToBigInt, parseIpv4Cidr, parseIpv6Cidr } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import { type GrowthUnit, kindOfCidr, PREFIX_ADDRESSES } from '../pool/index.ts';
import type { Sky } from './account.ts';
import { SubnetSpace, type SubnetSpec, type SubnetView } from './subnet-space.ts';

/** An ENI as EC2 has it. */
export interface CloudEni {
  readonly id: string;
  readonly subnet: SubnetSpace;
  /** Its own address, which no pod gets. */
  readonly primary: string;
  readonly cidrs: Set<string>;
  state: 'available' | 'attached' | 'detaching';
}

/** Room without end, where nobody named a subnet: larger than any there can be. */
const ENDLESS: SubnetSpec = {
  cidr: parseIpv4Cidr('10.0.0.0/8'),
  used: 0,
  scattered: false,
};

/** Networks of documentation (RFC 3849): a /80 for each who asks. */
const IPV6 = ipv6ToBigInt(parseIpv6Cidr('2001:db8::/32').address);

/** EC2's inventory: subnets, ENIs and who holds which address. What is asked here has passed the account's buckets. */
export class Cloud {
  readonly #sky: Sky;
  readonly subnets: readonly SubnetSpace[];
  readonly podSubnets: readonly SubnetSpace[];
  #made = 0;
  #ipv6 = 0n;

  constructor(
    sky: Sky,
    specs: { readonly subnets: readonly SubnetSpec[]; readonly podSubnets: readonly SubnetSpec[] },
  ) {
    this.#sky = sky;
    this.subnets = (specs.subnets.length > 0 ? specs.subnets : [ENDLESS]).map((spec) => new SubnetSpace(spec));
    this.podSubnets = specs.podSubnets.map((spec) => new SubnetSpace(spec));
  }

  /** How full the subnets are. */
  get views(): readonly SubnetView[] {
    return [...this.subnets, ...this.podSubnets].map(({ view }) => view);
  }

  /** A new ENI with what it holds from the first moment on; nothing is made when the subnet has not all of it. */
  createEni(subnet: SubnetSpace, held: readonly { readonly unit: GrowthUnit; readonly count: number }[]): CloudEni {
    const [primary] = this.#take(subnet, 'address', 1);
    if (primary === undefined) throw new HostError('SUBNET_NO_IPS', { subnet: subnet.id, reason: 'none is free' });
    this.#made += 1;
    const eni: CloudEni = { id: `eni-${this.#made}`, subnet, primary, cidrs: new Set(), state: 'available' };
    try {
      for (const { unit, count } of held) this.assign(eni, unit, count);
    } catch (error) {
      this.#giveBack(eni, [primary, ...eni.cidrs]);
      throw error;
    }
    this.#sky.tally.enis += 1;
    return eni;
  }

  /** More addresses or prefixes; all of them or none. */
  assign(eni: CloudEni, unit: GrowthUnit, count: number): readonly string[] {
    const cidrs = this.#take(eni.subnet, unit, count);
    for (const cidr of cidrs) eni.cidrs.add(cidr);
    return cidrs;
  }

  unassign(eni: CloudEni, cidrs: readonly string[]): void {
    for (const cidr of cidrs) eni.cidrs.delete(cidr);
    this.#giveBack(eni, cidrs);
  }

  /** Begins a detachment; the ENI can be deleted once it is over. */
  detach(eni: CloudEni, afterMs: number): void {
    eni.state = 'detaching';
    this.#sky.time.after(afterMs, () => {
      eni.state = 'available';
    });
  }

  deleteEni(eni: CloudEni): void {
    if (eni.state !== 'available')
      throw new HostError('EC2_FAILED', {
        action: 'DeleteNetworkInterface',
        ec2Code: 'InvalidParameterValue',
        reason: `Network interface '${eni.id}' is currently in use.`,
      });
    this.#giveBack(eni, [eni.primary, ...eni.cidrs]);
    eni.cidrs.clear();
    this.#sky.tally.enis -= 1;
  }

  #take(subnet: SubnetSpace, unit: GrowthUnit, count: number): readonly string[] {
    const taken = this.#find(subnet, unit, count);
    if (taken === undefined) {
      const reason = `the subnet has not ${count} more`;
      throw new HostError(unit === 'prefix' ? 'SUBNET_FRAGMENTED' : 'SUBNET_NO_IPS', { subnet: subnet.id, reason });
    }
    this.#sky.tally.took(addressesOf(taken));
    return taken;
  }

  #find(subnet: SubnetSpace, unit: GrowthUnit, count: number): readonly string[] | undefined {
    switch (unit) {
      case 'address':
        return subnet.takeAddresses(count);
      case 'prefix':
        return subnet.takePrefixes(count);
      case 'ipv6-prefix':
        return Array.from({ length: count }, () => this.#nextIpv6());
      default:
        return unit satisfies never;
    }
  }

  #nextIpv6(): string {
    this.#ipv6 += 1n;
    return formatCidr({ address: ipv6FromBigInt(IPV6 + (this.#ipv6 << 48n)), prefixLength: 80 });
  }

  #giveBack({ subnet }: CloudEni, cidrs: readonly string[]): void {
    for (const cidr of cidrs) if (kindOfCidr(cidr) !== 'ipv6-prefix') subnet.giveBack(cidr);
    this.#sky.tally.took(-addressesOf(cidrs));
  }
}

/** IPv4 addresses of subnets in CIDRs. */
function addressesOf(cidrs: readonly string[]): number {
  const sizes = { address: 1, prefix: PREFIX_ADDRESSES, 'ipv6-prefix': 0 };
  return cidrs.reduce((sum, cidr) => sum + sizes[kindOfCidr(cidr)], 0);
}
