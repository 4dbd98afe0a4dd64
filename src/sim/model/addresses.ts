import type { Ipv4Address } from '../../addr/index.ts';
import { SimFault } from './fault.ts';
import { needCount, needRoom } from './limits.ts';
import { needEni, needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import { changeEni } from './store.ts';
import type { SimEni } from './types.ts';

/** Which addresses to add: so many, or just these. */
export type AddressWish =
  | { readonly count: number }
  | { readonly addresses: readonly Ipv4Address[]; readonly allowReassignment?: boolean | undefined };

/** Gives an ENI more secondary addresses, all or none; answers with those that are new on it. */
export function assignAddresses(
  state: VpcState,
  request: { readonly eniId: string } & AddressWish,
): readonly Ipv4Address[] {
  const eni = needEni(state, request.eniId);
  needIpv4(eni);
  const record = needSubnet(state, eni.subnetId);
  if ('count' in request) {
    needCount(request.count, 'addresses');
    needRoom(state, eni, { ipv4: request.count });
    return add(state, eni, pickAddresses(record, request.count));
  }
  const fresh = [...new Set(request.addresses)].filter((address) => !eni.addresses.includes(address));
  needRoom(state, eni, { ipv4: fresh.length });
  for (const address of fresh) needInSubnet(record, address);
  const moved = fresh.filter((address) => record.space.isTaken(address));
  if (moved.length > 0 && request.allowReassignment !== true)
    throw new SimFault('InvalidParameterValue', `[${moved.join(', ')}] assigned, but move is not allowed.`);
  for (const address of moved) needMovable(state, address);
  for (const address of moved) {
    const holder = needEni(state, state.holders.ofAddress(address) ?? '');
    changeEni(state, { ...holder, addresses: holder.addresses.filter((one) => one !== address) });
  }
  return fresh.length === 0 ? [] : add(state, eni, fresh);
}

/** Takes secondary addresses off an ENI, all or none. The primary one stays with the ENI for life. */
export function unassignAddresses(
  state: VpcState,
  request: { readonly eniId: string; readonly addresses: readonly Ipv4Address[] },
): SimEni {
  const eni = needEni(state, request.eniId);
  const gone = new Set(request.addresses);
  for (const address of gone) {
    if (!eni.addresses.includes(address)) throw notAssigned(eni);
    if (eni.addresses[0] === address)
      throw new SimFault(
        'InvalidParameterValue',
        `Value (${address}) for parameter privateIpAddress is invalid. The primary IP address of an interface cannot be unassigned.`,
      );
  }
  if (gone.size === 0) return eni;
  return changeEni(state, { ...eni, addresses: eni.addresses.filter((address) => !gone.has(address)) });
}

/** So many addresses EC2 may pick in the subnet, or its complaint that there are not so many. */
export function pickAddresses({ space }: SubnetRecord, count: number): readonly Ipv4Address[] {
  if (count > space.open)
    throw new SimFault(
      'InsufficientFreeAddressesInSubnet',
      'The specified subnet does not have enough free addresses to satisfy the request.',
    );
  return space.pick(count);
}

/** Throws unless the address is one of the subnet's and not kept back by AWS. */
export function needInSubnet({ space, subnet }: SubnetRecord, address: Ipv4Address): void {
  if (!space.isUsable(address))
    throw new SimFault(
      'InvalidParameterValue',
      `Address ${address} does not fall within the subnet's address range, or is reserved there (subnet '${subnet.id}')`,
    );
}

/** EC2's complaint about addresses or prefixes to take from an ENI that has them not. */
export function notAssigned(eni: SimEni): SimFault {
  return new SimFault(
    'InvalidParameterValue',
    `Some of the specified addresses are not assigned to interface ${eni.id}`,
  );
}

/** Throws for an ENI that has no IP address by its type. */
export function needIpv4(eni: SimEni): void {
  if (eni.interfaceType === 'efa-only')
    throw new SimFault(
      'InvalidParameterCombination',
      `Network interface '${eni.id}' is efa-only and has no IP address`,
    );
}

function needMovable(state: VpcState, address: Ipv4Address): void {
  const holder = state.enis.get(state.holders.ofAddress(address) ?? '');
  if (holder === undefined)
    throw new SimFault('InvalidParameterValue', `${address} is in use and is no address of a network interface`);
  if (holder.addresses[0] === address)
    throw new SimFault(
      'OperationNotPermitted',
      `${address} is the primary address of network interface '${holder.id}'`,
    );
}

function add(state: VpcState, eni: SimEni, addresses: readonly Ipv4Address[]): readonly Ipv4Address[] {
  changeEni(state, { ...eni, addresses: [...eni.addresses, ...addresses] });
  return addresses;
}
