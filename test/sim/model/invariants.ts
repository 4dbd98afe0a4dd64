import { expect } from 'bun:test';
import {
  addressAt,
  cidrContains,
  cidrSize,
  formatCidr,
  ipv4ToNumber,
  ipv6CidrContains,
  ipv6NetworkOf,
} from '../../../src/addr/index.ts';
import { type EniIndex, eniStatus, isIpv4Cidr, type SimEni, type SimVpc } from '../../../src/sim/model/index.ts';
import { branchEnisOf, limitsOf } from '../../../src/vpc/index.ts';

/** All that can be read of a VPC, as one text. */
export function snapshot(vpc: SimVpc): string {
  return JSON.stringify([
    vpc.cidrs(),
    vpc.ipv6Cidrs(),
    vpc
      .subnets()
      .map((one) => [one, vpc.availableAddresses(one.id), vpc.strangersOf(one.id), vpc.reservationsOf(one.id)]),
    vpc.securityGroups(),
    vpc.instances(),
    vpc.enis(),
    vpc.trunkAssociations(),
    vpc.allTags(),
  ]);
}

/** Throws unless the books of the VPC are right. */
export function checkBooks(vpc: SimVpc): void {
  checkAddresses(vpc);
  checkSubnets(vpc);
  checkIndexes(vpc);
  checkInstances(vpc);
  checkTrunks(vpc);
  checkGroups(vpc);
}

/** An address is on one ENI only, and inside no prefix but its own ENI's. Nothing lies outside its subnet. */
function checkAddresses(vpc: SimVpc): void {
  const claims: string[] = [];
  for (const eni of vpc.enis()) {
    const subnet = vpc.subnet(eni.subnetId);
    expect(vpc.eniByMac(eni.mac)?.id).toBe(eni.id);
    expect(eni.addresses.length === 0).toBe(eni.interfaceType === 'efa-only');
    for (const address of eni.addresses) claims.push(address);
    for (const prefix of eni.prefixes) {
      expect([prefix.prefixLength, ipv4ToNumber(prefix.address) % 16]).toEqual([28, 0]);
      for (let index = 0; index < 16; index += 1) claims.push(addressAt(prefix, index));
    }
    for (const address of [...eni.addresses, ...eni.prefixes.map((one) => one.address)])
      expect(cidrContains(subnet.cidr, address)).toBe(true);
    const block = subnet.ipv6?.cidr;
    for (const address of [...eni.ipv6Addresses, ...eni.ipv6Prefixes.map((one) => one.address)])
      expect(block !== undefined && !isIpv4Cidr(block) && ipv6CidrContains(block, address)).toBe(true);
    for (const prefix of eni.ipv6Prefixes) {
      expect(formatCidr(ipv6NetworkOf({ ...prefix, prefixLength: 80 }))).toBe(formatCidr(prefix));
      expect(vpc.eniByAddress(prefix.address)?.id).toBe(eni.id);
    }
    const single = [...eni.addresses, ...eni.ipv6Addresses, ...eni.prefixes.map((one) => addressAt(one, 9))];
    for (const address of single) expect(vpc.eniByAddress(address)?.id).toBe(eni.id);
  }
  const prefixes6 = vpc.enis().flatMap((eni) => eni.ipv6Prefixes);
  const singles6 = vpc.enis().flatMap((eni) => eni.ipv6Addresses);
  for (const address of singles6) expect(prefixes6.filter((prefix) => ipv6CidrContains(prefix, address))).toEqual([]);
  claims.push(...singles6, ...prefixes6.map(formatCidr));
  expect(claims.filter((claim, index) => claims.indexOf(claim) !== index)).toEqual([]);
}

/** What EC2 could still pick is the whole subnet without what AWS keeps, ENIs and strangers hold, or is reserved. */
function checkSubnets(vpc: SimVpc): void {
  const holders = new Map<string, string>();
  for (const eni of vpc.enis()) {
    for (const address of eni.addresses) holders.set(address, eni.id);
    for (const prefix of eni.prefixes) for (let n = 0; n < 16; n += 1) holders.set(addressAt(prefix, n), eni.id);
  }
  for (const { id, cidr, ipv6 } of vpc.subnets()) {
    const held = new Set<string>([...vpc.strangersOf(id), ...holders.keys()]);
    const kept = vpc.reservationsOf(id).flatMap((one) => (isIpv4Cidr(one.cidr) ? [one.cidr] : []));
    let free = 0;
    for (let index = 4; index < cidrSize(cidr) - 1; index += 1) {
      const address = addressAt(cidr, index);
      if (!held.has(address) && !kept.some((part) => cidrContains(part, address))) free += 1;
    }
    expect(vpc.availableAddresses(id)).toBe(free);
    const all = Array.from({ length: cidrSize(cidr) }, (_, index) => addressAt(cidr, index));
    expect(all.filter((address) => vpc.eniByAddress(address)?.id !== holders.get(address))).toEqual([]);
    const networks = vpc.cidrs().flatMap((one) => (isIpv4Cidr(one.cidr) ? [one.cidr] : []));
    expect(networks.some((network) => cidrContains(network, cidr.address))).toBe(true);
    const blocks = vpc.ipv6Cidrs().flatMap((one) => (isIpv4Cidr(one.cidr) ? [] : [one.cidr]));
    const part = ipv6?.cidr;
    if (part !== undefined && !isIpv4Cidr(part))
      expect(blocks.some((block) => ipv6CidrContains(block, part.address))).toBe(true);
  }
}

const INDEXES = ['instance-id', 'subnet-id', 'group-id', 'tag', 'tag-key', 'attachment-id', 'status'] as const;

function valuesOf(eni: SimEni, index: EniIndex): readonly string[] {
  switch (index) {
    case 'instance-id':
      return eni.attachment === undefined ? [] : [eni.attachment.instanceId];
    case 'attachment-id':
      return eni.attachment === undefined ? [] : [eni.attachment.id];
    case 'subnet-id':
      return [eni.subnetId];
    case 'group-id':
      return eni.securityGroups;
    case 'tag':
      return Object.entries(eni.tags).map(([key, value]) => `${key}\0${value}`);
    case 'tag-key':
      return Object.keys(eni.tags);
    case 'status':
      return [eniStatus(eni)];
    default:
      return index satisfies never;
  }
}

const DELETED = new WeakMap<SimVpc, SimEni[]>();

/** The ENIs that were deleted since this was first asked, as they were. */
function deletedEnis(vpc: SimVpc): readonly SimEni[] {
  const known = DELETED.get(vpc);
  if (known !== undefined) return known;
  const deleted: SimEni[] = [];
  DELETED.set(vpc, deleted);
  vpc.observe((event) => event.kind === 'eni-deleted' && deleted.push(event.eni));
  return deleted;
}

/** Every index equals one made from scratch, also for values of what is gone. */
function checkIndexes(vpc: SimVpc): void {
  const deleted = deletedEnis(vpc);
  const all = [...vpc.enis(), ...deleted];
  for (const index of INDEXES) {
    const wanted = new Map(all.flatMap((eni) => valuesOf(eni, index)).map((value) => [value, new Set<string>()]));
    for (const eni of vpc.enis()) for (const value of valuesOf(eni, index)) wanted.get(value)?.add(eni.id);
    for (const [value, ids] of wanted) expect([...vpc.eniIdsBy(index, value)].sort()).toEqual([...ids].sort());
  }
  for (const { id, mac } of deleted) expect([vpc.findEni(id), vpc.eniByMac(mac)]).toEqual([undefined, undefined]);
}

const STATES = {
  pending: ['attaching'],
  running: ['attaching', 'attached', 'detaching'],
  'shutting-down': ['detaching'],
  terminated: [],
} as const;

function checkInstances(vpc: SimVpc): void {
  for (const instance of vpc.instances()) {
    const limits = limitsOf(instance.instanceType);
    const enis = vpc.enisOf(instance.id);
    const places = enis.map(({ attachment }) => `${attachment?.networkCardIndex}/${attachment?.deviceIndex}`);
    expect(new Set(places).size).toBe(places.length);
    if (instance.state === 'pending' || instance.state === 'running') expect(places[0]).toBe('0/0');
    for (const { attachment } of enis) {
      const allowed: readonly string[] = STATES[instance.state];
      expect(allowed).toContain(attachment?.state ?? '');
    }
    for (const [card, most] of (limits?.cards ?? []).entries()) {
      const here = enis.filter(({ attachment }) => attachment?.networkCardIndex === card);
      expect(here.length).toBeLessThanOrEqual(most);
      expect(here.filter((eni) => eni.interfaceType.startsWith('efa')).length).toBeLessThanOrEqual(1);
    }
    for (const eni of enis) {
      const most = limits?.ipv4PerEni ?? 0;
      expect(eni.addresses.length + eni.prefixes.length).toBeLessThanOrEqual(most);
      expect(eni.ipv6Addresses.length + eni.ipv6Prefixes.length).toBeLessThanOrEqual(most);
      if (limits?.hypervisor !== 'nitro') expect([...eni.prefixes, ...eni.ipv6Prefixes]).toEqual([]);
      expect(vpc.subnet(eni.subnetId).availabilityZone).toBe(vpc.subnet(instance.subnetId).availabilityZone);
    }
    expect(enis.filter((eni) => eni.interfaceType === 'trunk').length).toBeLessThanOrEqual(1);
  }
}

function checkTrunks(vpc: SimVpc): void {
  const seen = new Set<string>();
  for (const { id, branchEniId, trunkEniId, vlanId } of vpc.trunkAssociations()) {
    const [branch, trunk] = [vpc.eni(branchEniId), vpc.eni(trunkEniId)];
    expect([branch.trunk, branch.interfaceType]).toEqual([{ id, trunkEniId, vlanId }, 'branch']);
    expect([branch.attachment, trunk.interfaceType]).toEqual([undefined, 'trunk']);
    expect(seen.has(`${trunkEniId} ${vlanId}`)).toBe(false);
    seen.add(`${trunkEniId} ${vlanId}`);
    const type = trunk.attachment && vpc.instance(trunk.attachment.instanceId).instanceType;
    const mates = vpc.trunkAssociations().filter((one) => one.trunkEniId === trunkEniId).length;
    if (type !== undefined) expect(mates).toBeLessThanOrEqual(branchEnisOf(type));
  }
  expect(vpc.enis().filter((eni) => eni.trunk !== undefined).length).toBe(vpc.trunkAssociations().length);
}

function checkGroups(vpc: SimVpc): void {
  expect(vpc.enis().length).toBeLessThanOrEqual(12);
  const ids = new Set(vpc.securityGroups().map((group) => group.id));
  expect(ids.has(vpc.defaultGroupId)).toBe(true);
  for (const eni of vpc.enis()) {
    expect(eni.securityGroups.filter((id) => !ids.has(id))).toEqual([]);
    expect([1, 2]).toContain(eni.securityGroups.length);
  }
  for (const { rules } of vpc.securityGroups()) {
    const texts = rules.map(({ id: _, description: __, ...rest }) => JSON.stringify(rest));
    expect(new Set(texts).size).toBe(texts.length);
    for (const direction of ['ingress', 'egress']) {
      const these = rules.filter((rule) => rule.direction === direction);
      const inFamily = (v4: boolean): number =>
        these.filter(({ peer }) => 'groupId' in peer || isIpv4Cidr(peer.cidr) === v4).length;
      expect(Math.max(inFamily(true), inFamily(false))).toBeLessThanOrEqual(4);
    }
    for (const { peer } of rules) if ('groupId' in peer) expect(ids.has(peer.groupId)).toBe(true);
  }
}
