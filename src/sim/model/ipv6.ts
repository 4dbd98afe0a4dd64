import {
  formatCidr,
  type Ipv6Address,
  type Ipv6Cidr,
  ipv6CidrContains,
  ipv6FromBigInt,
  ipv6ToBigInt,
} from '../../addr/index.ts';
import { notAssigned } from './addresses.ts';
import { holdsCidr6, isIpv4Cidr } from './cidrs.ts';
import { SimFault } from './fault.ts';
import { block6Of, PREFIX6_LENGTH } from './holders.ts';
import { needCount, needRoom } from './limits.ts';
import { prefixReservations, reservationOver } from './reservations.ts';
import { needEni, needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import { changeEni } from './store.ts';
import type { SimEni } from './types.ts';

/** Which IPv6 addresses and prefixes to add: so many, or just these. */
export interface Ipv6Wish {
  readonly count?: number | undefined;
  readonly addresses?: readonly Ipv6Address[] | undefined;
  readonly prefixCount?: number | undefined;
  readonly prefixes?: readonly Ipv6Cidr[] | undefined;
}

/** IPv6 addresses and prefixes of one ENI. */
export interface Ipv6Holding {
  readonly addresses: readonly Ipv6Address[];
  readonly prefixes: readonly Ipv6Cidr[];
}

/** /80 in a /64. */
const BLOCKS = 0x1_0000;
const BLOCK_BITS = 48n;
const BLOCK_MASK = (1n << BLOCK_BITS) - 1n;

/** Gives an ENI IPv6 addresses and prefixes, all or none; answers with those that are new on it. */
export function assignIpv6(state: VpcState, request: { readonly eniId: string } & Ipv6Wish): Ipv6Holding {
  const eni = needEni(state, request.eniId);
  if (eni.interfaceType === 'efa-only')
    throw new SimFault(
      'InvalidParameterCombination',
      `Network interface '${eni.id}' is efa-only and has no IP address`,
    );
  if (request.count !== undefined) needCount(request.count, 'IPv6 addresses');
  if (request.prefixCount !== undefined) needCount(request.prefixCount, 'IPv6 prefixes');
  const held = new Set(eni.ipv6Prefixes.map(formatCidr));
  const wish = {
    ...request,
    addresses: [...new Set(request.addresses)].filter((address) => !eni.ipv6Addresses.includes(address)),
    prefixes: [...new Map(request.prefixes?.map((prefix) => [formatCidr(prefix), prefix]))]
      .filter(([text]) => !held.has(text))
      .map(([, prefix]) => prefix),
  };
  const addresses = (wish.count ?? 0) + wish.addresses.length;
  const prefixes = (wish.prefixCount ?? 0) + wish.prefixes.length;
  needRoom(state, eni, { ipv6: addresses + prefixes, prefixes });
  const fresh = chooseIpv6(state, needSubnet(state, eni.subnetId), wish);
  if (addresses + prefixes > 0)
    changeEni(state, {
      ...eni,
      ipv6Addresses: [...eni.ipv6Addresses, ...fresh.addresses],
      ipv6Prefixes: [...eni.ipv6Prefixes, ...fresh.prefixes],
    });
  return fresh;
}

/** Takes IPv6 addresses and prefixes off an ENI, all or none. */
export function unassignIpv6(state: VpcState, request: { readonly eniId: string } & Partial<Ipv6Holding>): SimEni {
  const eni = needEni(state, request.eniId);
  const addresses = new Set(request.addresses);
  const prefixes = new Set(request.prefixes?.map(formatCidr));
  const held = new Set([...eni.ipv6Addresses, ...eni.ipv6Prefixes.map(formatCidr)]);
  if ([...addresses, ...prefixes].some((text) => !held.has(text))) throw notAssigned(eni);
  if (addresses.size + prefixes.size === 0) return eni;
  return changeEni(state, {
    ...eni,
    ipv6Addresses: eni.ipv6Addresses.filter((address) => !addresses.has(address)),
    ipv6Prefixes: eni.ipv6Prefixes.filter((prefix) => !prefixes.has(formatCidr(prefix))),
  });
}

/** The IPv6 addresses and prefixes a wish comes to in a subnet, checked but not yet held. */
export function chooseIpv6(state: VpcState, record: SubnetRecord, wish: Ipv6Wish): Ipv6Holding {
  const { addresses = [], prefixes = [], count = 0, prefixCount = 0 } = wish;
  if (addresses.length + prefixes.length + count + prefixCount === 0) return { addresses: [], prefixes: [] };
  const block = blockOfSubnet(record);
  const taken = new Set<Ipv6Address>();
  for (const address of new Set(addresses)) {
    if (!isUsable(block, address))
      throw new SimFault('InvalidParameterValue', `${address} is not in ${formatCidr(block)}, or reserved there`);
    if (state.holders.find(address) !== undefined)
      throw new SimFault('InvalidIPAddress.InUse', `The specified address ${address} is already in use`);
    taken.add(block6Of(address));
  }
  for (const prefix of prefixes) {
    const text = formatCidr(prefix);
    const { address, prefixLength } = prefix;
    if (prefixLength !== PREFIX6_LENGTH || block6Of(address) !== address || !holdsCidr6(block, prefix))
      throw new SimFault('InvalidParameterValue', `${text} is no /80 of ${formatCidr(block)}`);
    if (state.holders.isBlock6Used(address) || taken.has(address))
      throw new SimFault('InvalidParameterValue', `${text} has addresses that are in use`);
    taken.add(address);
  }
  if (record.blocks6 + taken.size + count + prefixCount > BLOCKS)
    throw new SimFault('InsufficientCidrBlocks', `There are not enough free IPv6 addresses in ${formatCidr(block)}`);
  const search = { state, record, block, taken };
  const picked = Array.from({ length: prefixCount }, () => pickPrefix(search));
  const more = Array.from({ length: count }, () => pickAddress(search));
  return {
    addresses: [...new Set(addresses), ...more],
    prefixes: [...prefixes, ...picked],
  };
}

interface Search {
  readonly state: VpcState;
  readonly record: SubnetRecord;
  readonly block: Ipv6Cidr;
  /** /80 that are spoken for by this very request. */
  readonly taken: Set<Ipv6Address>;
}

/** A free /80: from the subnet's reservations for prefixes first, then anywhere in the open rest. */
function pickPrefix(search: Search): Ipv6Cidr {
  const { record, block } = search;
  const reserved = prefixReservations(record)
    .flatMap((part) => (isIpv4Cidr(part) ? [] : [freeBlock(search, part, () => 0)]))
    .find((found) => found !== undefined);
  const address = reserved ?? openBlock(search);
  if (address === undefined)
    throw new SimFault('InsufficientCidrBlocks', `There is no free /80 in ${formatCidr(block)}`);
  search.taken.add(address);
  return { address, prefixLength: PREFIX6_LENGTH };
}

/** An address in a /80 of its own: EC2 picks them all over the /64. */
function pickAddress(search: Search): Ipv6Address {
  const { state, block } = search;
  const first = openBlock(search);
  if (first === undefined)
    throw new SimFault('InsufficientFreeAddressesInSubnet', `There is no free address in ${formatCidr(block)}`);
  search.taken.add(first);
  const low = state.ids.number64() & BLOCK_MASK;
  // Neither the few at the bottom of the subnet that AWS keeps nor the last one.
  return ipv6FromBigInt(ipv6ToBigInt(first) | (low < 16n ? 16n : low === BLOCK_MASK ? BLOCK_MASK - 1n : low));
}

/** A free /80 that no reservation touches. */
function openBlock(search: Search): Ipv6Address | undefined {
  return freeBlock(search, search.block, (first) => {
    const around = reservationOver(search.record, { address: first, prefixLength: PREFIX6_LENGTH });
    return around === undefined ? 0 : blocksToEnd(around, first);
  });
}

/** A free /80 in a network, searched from a place by chance upwards, all round; `skip` says how many to pass over. */
function freeBlock(
  { state, taken }: Search,
  part: Ipv6Cidr,
  skip: (first: Ipv6Address) => number,
): Ipv6Address | undefined {
  const base = ipv6ToBigInt(part.address) >> BLOCK_BITS;
  const blocks = blocksOf(part);
  const start = Number(state.ids.number64() % BigInt(blocks));
  for (let step = 0; step < blocks; step += 1) {
    const first = ipv6FromBigInt((base + BigInt((start + step) % blocks)) << BLOCK_BITS);
    const over = skip(first);
    if (over === 0 && !state.holders.isBlock6Used(first) && !taken.has(first)) return first;
    step += Math.max(0, over - 1);
  }
  return undefined;
}

/** /80 in a network, at least one. */
function blocksOf({ prefixLength }: Ipv6Cidr): number {
  return 2 ** Math.max(0, PREFIX6_LENGTH - prefixLength);
}

function blocksToEnd(network: Ipv6Cidr, first: Ipv6Address): number {
  const base = ipv6ToBigInt(network.address) >> BLOCK_BITS;
  return blocksOf(network) - Number((ipv6ToBigInt(first) >> BLOCK_BITS) - base);
}

/** AWS keeps the first four addresses of a subnet and the last one, as with IPv4. */
function isUsable(block: Ipv6Cidr, address: Ipv6Address): boolean {
  const place = ipv6ToBigInt(address) & ((1n << 64n) - 1n);
  return ipv6CidrContains(block, address) && place >= 4n && place < (1n << 64n) - 1n;
}

function blockOfSubnet({ subnet }: SubnetRecord): Ipv6Cidr {
  const cidr = subnet.ipv6?.cidr;
  if (cidr === undefined || isIpv4Cidr(cidr))
    throw new SimFault('InvalidParameterValue', `The subnet '${subnet.id}' has no IPv6 CIDR block`);
  return cidr;
}
