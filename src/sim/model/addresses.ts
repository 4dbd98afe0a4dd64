import { addressAt, cidrContains, cidrSize, type Ipv4Address, ipv4ToNumber } from '../../addr/index.ts';
import { limitsOf } from '../../vpc/index.ts';
import { SimFault } from './fault.ts';
import { needEni, needInstance, needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import { availableAddresses, RESERVED } from './subnets.ts';
import type { SimEni } from './types.ts';

/** An ENI that hangs on no instance may hold what the largest instance type could. */
const UNATTACHED_LIMIT = 64;

/** Which addresses to add: so many, or just these. */
export type AddressWish =
  | { readonly count: number }
  | { readonly addresses: readonly Ipv4Address[]; readonly allowReassignment?: boolean };

/** Gives an ENI more secondary addresses, all or none; answers with those that are new on it. */
export function assignAddresses(
  state: VpcState,
  request: { readonly eniId: string } & AddressWish,
): readonly Ipv4Address[] {
  const eni = needEni(state, request.eniId);
  const record = needSubnet(state, eni.subnetId);
  if ('count' in request) {
    if (!Number.isInteger(request.count) || request.count < 1)
      throw new SimFault('InvalidParameterValue', `The number of addresses must be at least 1, not ${request.count}`);
    needRoom(state, eni, request.count);
    return add(state, eni, pickFree(state, record, { count: request.count }));
  }
  const fresh = [...new Set(request.addresses)].filter((address) => !eni.addresses.includes(address));
  needRoom(state, eni, fresh.length);
  const moved = fresh.filter((address) => state.eniByAddress.has(address));
  const untaken = fresh.filter((address) => !state.eniByAddress.has(address));
  for (const address of fresh) needInSubnet(record, address);
  if (moved.length > 0 && request.allowReassignment !== true)
    throw new SimFault('InvalidParameterValue', `${moved.join(', ')} already assigned, and moving was not allowed`);
  for (const address of moved) needSecondary(holderOf(state, address), address);
  for (const address of moved) remove(state, holderOf(state, address), [address]);
  add(state, eni, [...moved, ...untaken]);
  return fresh;
}

/** Takes secondary addresses off an ENI, all or none. The primary one stays with the ENI for life. */
export function unassignAddresses(
  state: VpcState,
  request: { readonly eniId: string; readonly addresses: readonly Ipv4Address[] },
): SimEni {
  const eni = needEni(state, request.eniId);
  const addresses = [...new Set(request.addresses)];
  for (const address of addresses) {
    if (!eni.addresses.includes(address))
      throw new SimFault('InvalidParameterValue', `${address} is not assigned to network interface '${eni.id}'`);
    needSecondary(eni, address);
  }
  return addresses.length === 0 ? eni : remove(state, eni, addresses);
}

/** So many free addresses of the subnet, next in order, so that one just released is handed out again last. */
export function pickFree(
  state: VpcState,
  record: SubnetRecord,
  wish: { readonly count: number; readonly except?: readonly Ipv4Address[] },
): readonly Ipv4Address[] {
  const { subnet } = record;
  const { count, except = [] } = wish;
  const free = availableAddresses(record) - except.length;
  if (count > free)
    throw new SimFault(
      'InsufficientFreeAddressesInSubnet',
      `The subnet '${subnet.id}' has ${free} free addresses, not the ${count} asked for`,
    );
  const end = cidrSize(subnet.cidr) - RESERVED.last;
  const picked: Ipv4Address[] = [];
  while (picked.length < count) {
    const address = addressAt(subnet.cidr, record.cursor);
    if (!state.eniByAddress.has(address) && !except.includes(address)) picked.push(address);
    record.cursor = record.cursor + 1 < end ? record.cursor + 1 : RESERVED.first;
  }
  return picked;
}

/** Throws unless the address is one of the subnet's and not kept back by AWS. */
export function needInSubnet(record: SubnetRecord, address: Ipv4Address): void {
  const { id, cidr } = record.subnet;
  if (!cidrContains(cidr, address))
    throw new SimFault('InvalidParameterValue', `${address} is outside the address range of subnet '${id}'`);
  const index = ipv4ToNumber(address) - ipv4ToNumber(cidr.address);
  if (index < RESERVED.first || index >= cidrSize(cidr) - RESERVED.last)
    throw new SimFault('InvalidParameterValue', `${address} is in the reserved address range of subnet '${id}'`);
}

/** Records that the ENI holds these addresses of its subnet. */
export function holdAddresses(state: VpcState, eni: SimEni, addresses: readonly Ipv4Address[]): void {
  for (const address of addresses) state.eniByAddress.set(address, eni.id);
  needSubnet(state, eni.subnetId).held += addresses.length;
}

/** Records that nobody holds these addresses any more. */
export function freeAddresses(state: VpcState, eni: SimEni, addresses: readonly Ipv4Address[]): void {
  for (const address of addresses) state.eniByAddress.delete(address);
  needSubnet(state, eni.subnetId).held -= addresses.length;
}

/** Throws when `more` addresses would take the ENI over the limit of its instance. */
export function needRoom(state: VpcState, eni: Pick<SimEni, 'attachment' | 'addresses'>, more: number): void {
  const limit = eni.attachment === undefined ? UNATTACHED_LIMIT : perEni(state, eni.attachment.instanceId);
  if (eni.addresses.length + more > limit)
    throw new SimFault(
      'PrivateIpAddressLimitExceeded',
      `Number of private addresses will exceed limit: ${eni.addresses.length} held, ${more} more, limit ${limit}`,
    );
}

/** Addresses of one ENI on this instance. */
export function perEni(state: VpcState, instanceId: string): number {
  return limitsOf(needInstance(state, instanceId).instanceType)?.ipv4PerEni ?? UNATTACHED_LIMIT;
}

function holderOf(state: VpcState, address: Ipv4Address): SimEni {
  return needEni(state, state.eniByAddress.get(address) ?? '');
}

function needSecondary(eni: SimEni, address: Ipv4Address): void {
  if (eni.addresses[0] === address)
    throw new SimFault('OperationNotPermitted', `${address} is the primary address of network interface '${eni.id}'`);
}

function add(state: VpcState, eni: SimEni, addresses: readonly Ipv4Address[]): readonly Ipv4Address[] {
  if (addresses.length > 0)
    replace(state, { ...eni, addresses: [...eni.addresses, ...addresses] }, () => {
      holdAddresses(state, eni, addresses);
    });
  return addresses;
}

function remove(state: VpcState, eni: SimEni, addresses: readonly Ipv4Address[]): SimEni {
  const gone = new Set(addresses);
  const changed = { ...eni, addresses: eni.addresses.filter((address) => !gone.has(address)) };
  replace(state, changed, () => freeAddresses(state, eni, addresses));
  return changed;
}

function replace(state: VpcState, eni: SimEni, index: () => void): void {
  state.enis.set(eni.id, eni);
  index();
  state.emit({ kind: 'eni-addresses', eni });
}
