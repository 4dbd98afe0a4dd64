import { describe, expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import type { SimEvent, SimVpc } from '../../../src/sim/model/index.ts';
import { cidr, faultOf, ip, smallVpc, subnetId } from './support.ts';

function withNode(instanceType = 'm5.large'): { vpc: SimVpc; eniId: string; subnet: string } {
  const vpc = smallVpc();
  const subnet = subnetId(vpc);
  const { id } = vpc.runInstance({ name: 'node-a', instanceType, subnetId: subnet });
  return { vpc, subnet, eniId: vpc.enisOf(id)[0]?.id ?? '' };
}

const held = (vpc: SimVpc, eniId: string): readonly string[] => vpc.eni(eniId).prefixes.map(formatCidr);

describe('prefixes', () => {
  test('a /28 is on one ENI, counts as 16 addresses of the subnet, and its addresses are found', () => {
    const { vpc, eniId, subnet } = withNode();
    expect(vpc.assignPrefixes({ eniId, count: 2 }).map(formatCidr)).toEqual(['10.0.1.16/28', '10.0.1.32/28']);
    expect(vpc.availableAddresses(subnet)).toBe(250 - 32);
    expect(['10.0.1.15', '10.0.1.16', '10.0.1.47', '10.0.1.48'].map((text) => vpc.eniByAddress(text)?.id)).toEqual([
      undefined,
      eniId,
      eniId,
      undefined,
    ]);
    const told: SimEvent[] = [];
    const stop = vpc.observe((event) => told.push(event));
    expect([vpc.assignPrefixes({ eniId, prefixes: [cidr('10.0.1.16/28')] }), told]).toEqual([[], []]);
    stop();
    vpc.unassignPrefixes({ eniId, prefixes: [cidr('10.0.1.16/28')] });
    expect([held(vpc, eniId), vpc.availableAddresses(subnet)]).toEqual([['10.0.1.32/28'], 250 - 16]);
  });

  test('a prefix takes one slot like an address', () => {
    const { vpc, eniId } = withNode();
    vpc.assignAddresses({ eniId, count: 4 });
    expect(faultOf(() => vpc.assignPrefixes({ eniId, count: 6 }))).toBe('PrivateIpAddressLimitExceeded');
    vpc.assignPrefixes({ eniId, count: 5 });
    expect(faultOf(() => vpc.assignAddresses({ eniId, count: 1 }))).toBe('PrivateIpAddressLimitExceeded');
  });

  test('single addresses all over a subnet leave no prefix, until they are gone', () => {
    const { vpc, eniId, subnet } = withNode();
    vpc.fragmentSubnet(subnet);
    expect(faultOf(() => vpc.assignPrefixes({ eniId, count: 1 }))).toBe('InsufficientCidrBlocks');
    expect([vpc.availableAddresses(subnet), vpc.strangersOf(subnet).length]).toEqual([250 - 14, 14]);
    expect(vpc.assignAddresses({ eniId, count: 1 })).toEqual([ip('10.0.1.5')]);
    vpc.defragmentSubnet(subnet);
    expect(vpc.assignPrefixes({ eniId, count: 1 }).map(formatCidr)).toEqual(['10.0.1.16/28']);
  });

  test('an exhausted subnet has what was left, and all again in the end', () => {
    const { vpc, eniId, subnet } = withNode();
    vpc.exhaustSubnet(subnet, 2);
    expect(vpc.availableAddresses(subnet)).toBe(2);
    expect(faultOf(() => vpc.assignAddresses({ eniId, count: 3 }))).toBe('InsufficientFreeAddressesInSubnet');
    expect(vpc.assignAddresses({ eniId, count: 2 }).length).toBe(2);
    vpc.releaseStrangers(subnet);
    expect(vpc.availableAddresses(subnet)).toBe(248);
  });

  test('fewer addresses than a prefix has are another error than too many pieces', () => {
    const { vpc, eniId, subnet } = withNode();
    const ask = (count: number): string => faultOf(() => vpc.assignPrefixes({ eniId, count }));
    vpc.fragmentSubnet(subnet);
    vpc.exhaustSubnet(subnet, 16);
    expect([ask(1), ask(2)]).toEqual(['InsufficientCidrBlocks', 'InvalidParameterValue']);
    vpc.exhaustSubnet(subnet, 15);
    expect(ask(1)).toBe('InvalidParameterValue');
  });

  test('they come from a reservation for them first, and single addresses never do', () => {
    const { vpc, eniId, subnet } = withNode();
    const reserve = (text: string, type: 'prefix' | 'explicit'): unknown =>
      vpc.createReservation({ subnetId: subnet, cidr: cidr(text), type });
    reserve('10.0.1.16/28', 'explicit');
    reserve('10.0.1.96/27', 'prefix');
    expect(vpc.availableAddresses(subnet)).toBe(250 - 48);
    const prefixes = vpc.assignPrefixes({ eniId, count: 3 }).map(formatCidr);
    expect(prefixes).toEqual(['10.0.1.96/28', '10.0.1.112/28', '10.0.1.32/28']);
    const addresses = vpc.assignAddresses({ eniId, count: 5 });
    expect(addresses.map((address) => Number(address.split('.')[3]))).toEqual([5, 6, 7, 8, 9]);
    vpc.exhaustSubnet(subnet);
    vpc.unassignAddresses({ eniId, addresses });
    // By name an address of a reservation can be had all the same.
    expect(vpc.assignAddresses({ eniId, addresses: [ip('10.0.1.20')] })).toEqual([ip('10.0.1.20')]);
  });

  test('a reservation that goes leaves addresses where they are and gives the others free', () => {
    const { vpc, subnet } = withNode();
    const part = { subnetId: subnet, cidr: cidr('10.0.1.64/28'), type: 'prefix' as const };
    const { id } = vpc.createReservation({ ...part, description: 'pods', tags: { a: '1' } });
    expect(faultOf(() => vpc.createReservation({ ...part, cidr: cidr('10.0.1.0/25') }))).toBe('InvalidParameterValue');
    const eni = vpc.createEni({ subnetId: subnet, addresses: [ip('10.0.1.70')] });
    expect(vpc.availableAddresses(subnet)).toBe(250 - 16);
    vpc.deleteReservation(id);
    expect([vpc.availableAddresses(subnet), vpc.eniByAddress('10.0.1.70')?.id]).toEqual([249, eni.id]);
    expect(faultOf(() => vpc.deleteReservation(id))).toBe('InvalidSubnetCidrReservationID.NotFound');
  });

  const faults = [
    { name: 'on xen', type: 't2.small', code: 'InvalidParameterValue', want: { count: 1 } },
    { name: 'by a number that is none', code: 'InvalidParameterValue', want: { count: 0 } },
    { name: 'that is not aligned', code: 'InvalidParameterValue', want: { prefixes: [cidr('10.0.1.20/28')] } },
    { name: 'of another length', code: 'InvalidParameterValue', want: { prefixes: [cidr('10.0.1.32/27')] } },
    { name: 'outside the subnet', code: 'InvalidParameterValue', want: { prefixes: [cidr('10.0.9.0/28')] } },
    { name: 'with an address in use', code: 'InvalidParameterValue', want: { prefixes: [cidr('10.0.1.0/28')] } },
  ];
  for (const { name, type, code, want } of faults)
    test(`refuses a prefix ${name}`, () => {
      const { vpc, eniId } = withNode(type);
      expect([faultOf(() => vpc.assignPrefixes({ eniId, ...want })), held(vpc, eniId)]).toEqual([code, []]);
    });

  test('an ENI is made with prefixes or with addresses, by name or by number, never both', () => {
    const { vpc, subnet } = withNode();
    const both = { subnetId: subnet, prefixCount: 1, secondaryCount: 1 };
    expect(faultOf(() => vpc.createEni(both))).toBe('InvalidParameterCombination');
    const named = vpc.createEni({ subnetId: subnet, addresses: [ip('10.0.1.40')], prefixes: [cidr('10.0.1.48/28')] });
    expect([named.addresses, named.prefixes.map(formatCidr)]).toEqual([[ip('10.0.1.40')], ['10.0.1.48/28']]);
    const overlapping = { subnetId: subnet, addresses: [ip('10.0.1.99')], prefixes: [cidr('10.0.1.96/28')] };
    expect(faultOf(() => vpc.createEni(overlapping))).toBe('InvalidParameterValue');
    expect(vpc.availableAddresses(subnet)).toBe(250 - 17);
  });

  test('an address inside a prefix cannot be had, nor moved', () => {
    const { vpc, eniId, subnet } = withNode();
    vpc.assignPrefixes({ eniId, prefixes: [cidr('10.0.1.32/28')] });
    const other = vpc.createEni({ subnetId: subnet }).id;
    const want = { eniId: other, addresses: [ip('10.0.1.33')] };
    expect(faultOf(() => vpc.assignAddresses(want))).toBe('InvalidParameterValue');
    expect(faultOf(() => vpc.assignAddresses({ ...want, allowReassignment: true }))).toBe('InvalidParameterValue');
  });
});
