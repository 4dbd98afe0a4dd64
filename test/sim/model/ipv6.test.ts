import { describe, expect, test } from 'bun:test';
import { formatCidr, ipv6CidrContains, ipv6FromBigInt, ipv6NetworkOf, ipv6ToBigInt } from '../../../src/addr/index.ts';
import type { SimVpc } from '../../../src/sim/model/index.ts';
import { block64, cidr, faultOf, ip6, smallVpc } from './support.ts';

function dualStack(seed = 1): { vpc: SimVpc; subnet: string; old: string; eniId: string } {
  const vpc = smallVpc(undefined, { ipv6: true, seed, subnets: [{ cidr: cidr('10.0.0.0/24') }] });
  const subnet = vpc.createSubnet({ cidr: cidr('10.0.1.0/24'), ipv6Cidr: block64(vpc, 1) }).id;
  const { id } = vpc.runInstance({ name: 'node-a', instanceType: 'm5.large', subnetId: subnet, ipv6Count: 1 });
  return { vpc, subnet, old: vpc.subnets()[0]?.id ?? '', eniId: vpc.enisOf(id)[0]?.id ?? '' };
}

describe('IPv6', () => {
  test('a VPC gets a /56 and its subnets /64 of it, the same for the same seed', () => {
    const [one, two, other] = [dualStack(1), dualStack(1), dualStack(2)].map(({ vpc }) => vpc.ipv6Cidrs()[0]?.cidr);
    expect(one && formatCidr(one)).toMatch(/^2600:1f[0-9a-f]{2}:[0-9a-f]+:[0-9a-f]+00::\/56$/);
    expect([one, one]).toEqual([two, expect.not.objectContaining({ address: other?.address })]);
  });

  test('addresses come from all over the /64 and are found', () => {
    const { vpc, eniId } = dualStack();
    const { addresses } = vpc.assignIpv6({ eniId, count: 8 });
    const all = [...vpc.eni(eniId).ipv6Addresses];
    expect(all.slice(1)).toEqual([...addresses]);
    expect(new Set(all.map((address) => formatCidr(ipv6NetworkOf({ address, prefixLength: 80 })))).size).toBe(9);
    expect(all.every((address) => ipv6CidrContains(block64(vpc, 1), address))).toBe(true);
    expect(all.map((address) => vpc.eniByAddress(address)?.id)).toEqual(all.map(() => eniId));
    vpc.unassignIpv6({ eniId, addresses });
    expect(addresses.map((address) => vpc.eniByAddress(address))).toEqual(addresses.map(() => undefined));
  });

  test('a /80 serves all its addresses, and takes one slot of IPv6', () => {
    const { vpc, eniId } = dualStack();
    const { prefixes } = vpc.assignIpv6({ eniId, prefixCount: 9 });
    const [first] = prefixes;
    expect(prefixes.map(({ prefixLength }) => prefixLength)).toEqual(prefixes.map(() => 80));
    expect(vpc.eniByAddress(ip6(`${first?.address}5`))?.id).toBe(eniId);
    expect(faultOf(() => vpc.assignIpv6({ eniId, count: 1 }))).toBe('Ipv6AddressLimitExceeded');
    // IPv4 has slots of its own.
    expect(vpc.assignAddresses({ eniId, count: 9 }).length).toBe(9);
    vpc.unassignIpv6({ eniId, prefixes });
    expect(vpc.eni(eniId).ipv6Prefixes).toEqual([]);
  });

  test('an address or a prefix by name must be free, and is so again when it was given back', () => {
    const { vpc, eniId, subnet } = dualStack();
    const other = vpc.createEni({ subnetId: subnet }).id;
    const addresses = vpc.eni(eniId).ipv6Addresses;
    const around = addresses.map((address) => ipv6NetworkOf({ address, prefixLength: 80 }));
    expect(faultOf(() => vpc.assignIpv6({ eniId: other, addresses }))).toBe('InvalidIPAddress.InUse');
    expect(faultOf(() => vpc.assignIpv6({ eniId: other, prefixes: around }))).toBe('InvalidParameterValue');
    vpc.unassignIpv6({ eniId, addresses });
    expect(vpc.assignIpv6({ eniId: other, prefixes: around }).prefixes).toEqual(around);
    expect(faultOf(() => vpc.assignIpv6({ eniId, addresses }))).toBe('InvalidIPAddress.InUse');
  });

  test('prefixes come from a reservation for them first', () => {
    const { vpc, eniId, subnet } = dualStack();
    const part = { ...block64(vpc, 1), prefixLength: 79 };
    vpc.createReservation({ subnetId: subnet, cidr: part, type: 'prefix' });
    const { prefixes } = vpc.assignIpv6({ eniId, prefixCount: 3 });
    expect(prefixes.map(({ address }) => ipv6CidrContains(part, address))).toEqual([true, true, false]);
  });

  test('nothing comes from an explicit reservation, nor from what AWS keeps', () => {
    const { vpc, eniId, subnet } = dualStack();
    const half = { ...block64(vpc, 1), prefixLength: 65 };
    vpc.createReservation({ subnetId: subnet, cidr: half, type: 'explicit' });
    const { addresses } = vpc.assignIpv6({ eniId, count: 9 });
    expect(addresses.map((address) => ipv6CidrContains(half, address))).toEqual(Array(9).fill(false));
    vpc.unassignIpv6({ eniId, addresses });
    const { prefixes } = vpc.assignIpv6({ eniId, prefixCount: 9 });
    expect(prefixes.map(({ address }) => ipv6CidrContains(half, address))).toEqual(Array(9).fill(false));
    vpc.unassignIpv6({ eniId, prefixes });
    const named = ['1', '3', '4'].map((host) => [ip6(`${half.address}${host}`)]);
    expect(named.map((wish) => faultOf(() => vpc.assignIpv6({ eniId, addresses: wish })))).toEqual([
      ...['InvalidParameterValue', 'InvalidParameterValue', 'none'],
    ]);
  });

  test('the one /80 that no reservation touches is found among 65,536; then there is none', () => {
    const { vpc, eniId, subnet } = dualStack();
    vpc.unassignIpv6({ eniId, addresses: vpc.eni(eniId).ipv6Addresses });
    const whole = block64(vpc, 1);
    const base = ipv6ToBigInt(whole.address);
    const reserve = (from: bigint, prefixLength: number): unknown =>
      vpc.createReservation({
        ...{ subnetId: subnet, type: 'explicit' },
        cidr: { address: ipv6FromBigInt(base + from), prefixLength },
      });
    // The upper half, the upper half of the rest, and so on: only the first /80 is left.
    for (let length = 65; length <= 80; length += 1) reserve(1n << BigInt(128 - length), length);
    const { addresses } = vpc.assignIpv6({ eniId, count: 1 });
    const first = { ...whole, prefixLength: 80 };
    expect(addresses.map((address) => ipv6CidrContains(first, address))).toEqual([true]);
    vpc.unassignIpv6({ eniId, addresses });
    expect(vpc.assignIpv6({ eniId, prefixCount: 1 }).prefixes).toEqual([first]);
    vpc.unassignIpv6({ eniId, prefixes: [first] });
    reserve(0x5_0000n, 112);
    expect(faultOf(() => vpc.assignIpv6({ eniId, count: 1 }))).toBe('InsufficientFreeAddressesInSubnet');
    expect(faultOf(() => vpc.assignIpv6({ eniId, prefixCount: 1 }))).toBe('InsufficientCidrBlocks');
  });

  test('the same address or prefix twice in one wish counts once', () => {
    const { vpc, eniId } = dualStack();
    const prefix = { address: ip6(`${block64(vpc, 1).address.slice(0, -1)}77:0:0:0`), prefixLength: 80 };
    const address = ip6(`${block64(vpc, 1).address}88`);
    const wish = { eniId, addresses: [address, address], prefixes: [prefix, prefix] };
    expect(vpc.assignIpv6(wish)).toEqual({ addresses: [address], prefixes: [prefix] });
  });

  test('a subnet can give every new ENI an address, but not without a block', () => {
    const { vpc, subnet, old } = dualStack();
    vpc.modifySubnet(subnet, { assignIpv6AddressOnCreation: true });
    expect(vpc.createEni({ subnetId: subnet }).ipv6Addresses.length).toBe(1);
    expect(vpc.createEni({ subnetId: subnet, ipv6Count: 0 }).ipv6Addresses).toEqual([]);
    expect(vpc.createEni({ subnetId: subnet, interfaceType: 'efa-only' })).toMatchObject({
      addresses: [],
      ipv6Addresses: [],
    });
    expect(faultOf(() => vpc.modifySubnet(old, { assignIpv6AddressOnCreation: true }))).toBe('InvalidParameterValue');
    expect(faultOf(() => vpc.createEni({ subnetId: old, ipv6Count: 1 }))).toBe('InvalidParameterValue');
  });

  test('a block in use cannot be taken away, an unused one can', () => {
    const { vpc, subnet, old } = dualStack();
    const id = vpc.subnet(subnet).ipv6?.id ?? '';
    expect(faultOf(() => vpc.disassociateSubnetCidr(id))).toBe('InvalidCidrBlock.InUse');
    expect(faultOf(() => vpc.disassociateCidr(vpc.ipv6Cidrs()[0]?.id ?? ''))).toBe('InvalidCidrBlock.InUse');
    const taken = { subnetId: old, ipv6Cidr: block64(vpc, 1) };
    expect(faultOf(() => vpc.associateSubnetCidr(taken))).toBe('InvalidSubnet.Conflict');
    const own = vpc.associateSubnetCidr({ ...taken, ipv6Cidr: block64(vpc, 2) });
    vpc.modifySubnet(old, { assignIpv6AddressOnCreation: true });
    expect(vpc.disassociateSubnetCidr(own.id)).toEqual(own);
    expect(vpc.subnet(old)).toMatchObject({ ipv6: undefined, assignIpv6AddressOnCreation: false });
  });

  test('instances of the first families have no IPv6', () => {
    const { vpc, subnet } = dualStack();
    const old = { instanceType: 'm1.small', subnetId: subnet, ipv6Count: 1 };
    expect(faultOf(() => vpc.runInstance(old))).toBe('InvalidParameterValue');
    expect(vpc.instances().length).toBe(1);
  });
});
