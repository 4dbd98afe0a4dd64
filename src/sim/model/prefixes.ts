import { formatCidr, type Ipv4Cidr } from '../../addr/index.ts';
import { needIpv4, notAssigned } from './addresses.ts';
import { isIpv4Cidr } from './cidrs.ts';
import { SimFault } from './fault.ts';
import { blockOf } from './holders.ts';
import { needCount, needRoom } from './limits.ts';
import { prefixReservations } from './reservations.ts';
import { PREFIX_LENGTH } from './space.ts';
import { needEni, needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import { changeEni } from './store.ts';
import type { SimEni } from './types.ts';

/** Which prefixes to add: so many, or just these. */
export type PrefixWish = { readonly count: number } | { readonly prefixes: readonly Ipv4Cidr[] };

const PREFIX_SIZE = 2 ** (32 - PREFIX_LENGTH);

/** Gives an ENI IPv4 prefixes, all or none; answers with those that are new on it. */
export function assignPrefixes(state: VpcState, request: { readonly eniId: string } & PrefixWish): readonly Ipv4Cidr[] {
  const eni = needEni(state, request.eniId);
  needIpv4(eni);
  const record = needSubnet(state, eni.subnetId);
  const held = eni.prefixes.map(({ address }) => address);
  if ('count' in request) needCount(request.count, 'prefixes');
  const named = 'count' in request ? [] : distinct(request.prefixes).filter(({ address }) => !held.includes(address));
  const wanted = 'count' in request ? request.count : named.length;
  if (wanted === 0) return [];
  needRoom(state, eni, { ipv4: wanted, prefixes: wanted });
  for (const prefix of named) needFreePrefix(record, prefix);
  const fresh = 'count' in request ? pickPrefixes(record, request.count) : named;
  changeEni(state, { ...eni, prefixes: [...eni.prefixes, ...fresh] });
  return fresh;
}

/** Takes prefixes off an ENI, all or none. */
export function unassignPrefixes(
  state: VpcState,
  request: { readonly eniId: string; readonly prefixes: readonly Ipv4Cidr[] },
): SimEni {
  const eni = needEni(state, request.eniId);
  const gone = new Set(request.prefixes.map(formatCidr));
  const held = new Set(eni.prefixes.map(formatCidr));
  if ([...gone].some((text) => !held.has(text))) throw notAssigned(eni);
  if (gone.size === 0) return eni;
  return changeEni(state, { ...eni, prefixes: eni.prefixes.filter((prefix) => !gone.has(formatCidr(prefix))) });
}

/** So many free /28: from the subnet's reservations for prefixes first, then from the open rest. */
export function pickPrefixes(record: SubnetRecord, count: number): readonly Ipv4Cidr[] {
  const { space } = record;
  const reserved: Ipv4Cidr[] = [];
  for (const part of prefixReservations(record))
    if (isIpv4Cidr(part)) reserved.push(...space.freeBlocksIn(part, count - reserved.length));
  const rest = count - reserved.length;
  if (rest > space.openBlocks) throw noRoom(rest > space.open / PREFIX_SIZE);
  return [...reserved, ...space.pickBlocks(rest)];
}

/** Throws unless the prefix is a free /28 of the subnet that may be asked for by name. */
export function needFreePrefix(record: SubnetRecord, prefix: Ipv4Cidr): void {
  const { space, subnet } = record;
  const text = formatCidr(prefix);
  const { address, prefixLength } = prefix;
  if (prefixLength !== PREFIX_LENGTH || blockOf(address) !== address || !space.holds(address))
    throw new SimFault('InvalidParameterValue', `${text} is no /28 of subnet '${subnet.id}'`);
  if (!space.isBlockFree(address))
    throw new SimFault('InvalidParameterValue', `${text} has addresses that are in use or reserved (${subnet.id})`);
}

/**
 * A subnet that has the addresses but not in one piece is refused otherwise than one that has them not (AWS support, as
 * quoted in cilium/cilium#31016; amazon-vpc-cni-k8s#3105 shows the second).
 */
function noRoom(full: boolean): SimFault {
  return full
    ? new SimFault('InvalidParameterValue', "There aren't sufficient free Ipv4 addresses or prefixes")
    : new SimFault(
        'InsufficientCidrBlocks',
        'The specified subnet does not have enough free cidr blocks to satisfy the request.',
      );
}

function distinct(prefixes: readonly Ipv4Cidr[]): readonly Ipv4Cidr[] {
  return [...new Map(prefixes.map((prefix) => [formatCidr(prefix), prefix])).values()];
}
