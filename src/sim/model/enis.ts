import type { Ipv4Address, Ipv4Cidr, Ipv6Address, Ipv6Cidr } from '../../addr/index.ts';
import { needInSubnet, pickAddresses } from './addresses.ts';
import { SimFault } from './fault.ts';
import { needEniGroups } from './groups.ts';
import { chooseIpv6 } from './ipv6.ts';
import { needSlots } from './limits.ts';
import { needFreePrefix, pickPrefixes } from './prefixes.ts';
import { needEni, needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import { changeEni, putEni, removeEni } from './store.ts';
import type { InterfaceType, SimEni, Tags } from './types.ts';

/** What an ENI is made from. `addresses[0]` becomes its primary address; without any, EC2 picks one. */
export interface EniRequest {
  readonly subnetId: string;
  readonly description?: string | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly addresses?: readonly Ipv4Address[] | undefined;
  /** Secondary addresses EC2 shall pick. */
  readonly secondaryCount?: number | undefined;
  readonly prefixes?: readonly Ipv4Cidr[] | undefined;
  readonly prefixCount?: number | undefined;
  readonly ipv6Addresses?: readonly Ipv6Address[] | undefined;
  readonly ipv6Count?: number | undefined;
  readonly ipv6Prefixes?: readonly Ipv6Cidr[] | undefined;
  readonly ipv6PrefixCount?: number | undefined;
  readonly interfaceType?: InterfaceType | undefined;
  readonly tags?: Tags | undefined;
  /** The same token with the same request makes no second ENI. */
  readonly clientToken?: string | undefined;
}

/** Makes an ENI with its addresses, attached to nothing. */
export function createEni(state: VpcState, request: EniRequest): SimEni {
  const { clientToken, ...rest } = request;
  const wish = JSON.stringify(rest);
  const known = state.tokens.eni.find(clientToken, wish);
  if (known !== undefined) return needEni(state, known);
  const record = needSubnet(state, request.subnetId);
  const groups = request.securityGroups ?? [];
  const securityGroups = needEniGroups(state, groups.length > 0 ? groups : [state.defaultGroupId]);
  if (state.enis.size >= state.quotas.enis)
    throw new SimFault(
      'NetworkInterfaceLimitExceeded',
      `You have reached the limit of ${state.quotas.enis} interfaces`,
    );
  const eni: SimEni = {
    id: state.ids.next('eni'),
    mac: freshMac(state),
    interfaceType: request.interfaceType ?? 'interface',
    subnetId: record.subnet.id,
    description: request.description ?? '',
    securityGroups,
    ...chooseHoldings(state, record, request),
    sourceDestCheck: true,
    tags: request.tags ?? {},
    attachment: undefined,
    trunk: undefined,
    createdAt: state.now(),
  };
  putEni(state, eni);
  state.tokens.eni.keep(clientToken, { id: eni.id, request: wish });
  return eni;
}

/** Deletes an ENI that hangs on nothing. Its token is forgotten with it. */
export function deleteEni(state: VpcState, eniId: string): void {
  const eni = needEni(state, eniId);
  if (eni.attachment !== undefined || state.branches.has(eniId))
    // EC2 has `InvalidNetworkInterface.InUse` for attaching such an ENI; here it says this (cloud-nuke#431 and many more).
    throw new SimFault('InvalidParameterValue', `Network interface '${eniId}' is currently in use.`);
  removeEni(state, eni);
}

/** Puts other security groups on an ENI. */
export function setSecurityGroups(state: VpcState, eniId: string, groups: readonly string[]): SimEni {
  const eni = needEni(state, eniId);
  return changeEni(state, { ...eni, securityGroups: needEniGroups(state, groups) });
}

/** Changes what an ENI says about itself. */
export function setDescription(state: VpcState, eniId: string, description: string): SimEni {
  return putEni(state, { ...needEni(state, eniId), description });
}

/** Says whether packets from and to addresses that an ENI does not hold are dropped. */
export function setSourceDestCheck(state: VpcState, eniId: string, on: boolean): SimEni {
  const eni = needEni(state, eniId);
  return eni.sourceDestCheck === on ? eni : changeEni(state, { ...eni, sourceDestCheck: on });
}

type Holdings = Pick<SimEni, 'addresses' | 'prefixes' | 'ipv6Addresses' | 'ipv6Prefixes'>;

const NOTHING: Holdings = { addresses: [], prefixes: [], ipv6Addresses: [], ipv6Prefixes: [] };

function chooseHoldings(state: VpcState, record: SubnetRecord, request: EniRequest): Holdings {
  needOneWay(request);
  if (request.interfaceType === 'efa-only') {
    if (asks(request))
      throw new SimFault('InvalidParameterCombination', 'An efa-only network interface has no IP addresses');
    return NOTHING;
  }
  const named = [...new Set(request.addresses)];
  const namedPrefixes = request.prefixes ?? [];
  const picks = (named.length === 0 ? 1 : 0) + (request.secondaryCount ?? 0);
  const prefixCount = request.prefixCount ?? 0;
  const ipv6 = ipv6Wish(record, request);
  const prefixes6 = (ipv6.prefixes?.length ?? 0) + (ipv6.prefixCount ?? 0);
  needSlots(undefined, {
    ipv4: named.length + picks + namedPrefixes.length + prefixCount,
    ipv6: (ipv6.addresses?.length ?? 0) + (ipv6.count ?? 0) + prefixes6,
    prefixes: namedPrefixes.length + prefixCount + prefixes6,
  });
  const chosen6 = chooseIpv6(state, record, ipv6);
  const chosen4 = chooseIpv4(record, { named, namedPrefixes, picks, prefixCount });
  return { ...chosen4, ipv6Addresses: chosen6.addresses, ipv6Prefixes: chosen6.prefixes };
}

/** Each choice is held while the next is made, so that no two meet; in the end all are let go for `putEni` to take. */
function chooseIpv4(
  record: SubnetRecord,
  wish: {
    readonly named: readonly Ipv4Address[];
    readonly namedPrefixes: readonly Ipv4Cidr[];
    readonly picks: number;
    readonly prefixCount: number;
  },
): Pick<SimEni, 'addresses' | 'prefixes'> {
  const { space } = record;
  const addresses: Ipv4Address[] = [];
  const prefixes: Ipv4Cidr[] = [];
  const hold = (address: Ipv4Address): void => {
    space.take(address);
    addresses.push(address);
  };
  try {
    for (const address of wish.named) {
      needInSubnet(record, address);
      if (space.isTaken(address))
        throw new SimFault('InvalidIPAddress.InUse', `The specified address ${address} is already in use`);
      hold(address);
    }
    for (const prefix of wish.namedPrefixes) {
      needFreePrefix(record, prefix);
      space.takeBlock(prefix.address);
      prefixes.push(prefix);
    }
    for (const address of pickAddresses(record, wish.picks)) hold(address);
    return { addresses, prefixes: [...prefixes, ...pickPrefixes(record, wish.prefixCount)] };
  } finally {
    for (const address of addresses) space.release(address);
    for (const prefix of prefixes) space.releaseBlock(prefix.address);
  }
}

/** EC2 takes one way of saying what an ENI shall hold, for each family; a primary address goes with any. */
function needOneWay(request: EniRequest): void {
  const { addresses = [], secondaryCount = 0, prefixes = [], prefixCount = 0 } = request;
  const { ipv6Addresses = [], ipv6Count = 0, ipv6Prefixes = [], ipv6PrefixCount = 0 } = request;
  for (const count of [secondaryCount, prefixCount, ipv6Count, ipv6PrefixCount])
    if (!Number.isInteger(count) || count < 0)
      throw new SimFault('InvalidParameterValue', `The number of addresses cannot be ${count}`);
  const ways = [
    [addresses.length > 1, secondaryCount > 0, prefixes.length > 0, prefixCount > 0],
    [ipv6Addresses.length > 0, ipv6Count > 0, ipv6Prefixes.length > 0, ipv6PrefixCount > 0],
  ];
  if (ways.some((family) => family.filter(Boolean).length > 1))
    throw new SimFault(
      'InvalidParameterCombination',
      'Addresses, their number, prefixes and their number exclude each other',
    );
}

function asks(request: EniRequest): boolean {
  const { secondaryCount = 0, prefixCount = 0, ipv6Count = 0, ipv6PrefixCount = 0 } = request;
  const lists = [request.addresses, request.prefixes, request.ipv6Addresses, request.ipv6Prefixes];
  return (
    secondaryCount + prefixCount + ipv6Count + ipv6PrefixCount > 0 || lists.some((list) => (list?.length ?? 0) > 0)
  );
}

/** A subnet may say that every new ENI gets an IPv6 address. */
function ipv6Wish({ subnet }: SubnetRecord, request: EniRequest): Parameters<typeof chooseIpv6>[2] {
  const { ipv6Addresses = [], ipv6Count, ipv6Prefixes = [], ipv6PrefixCount } = request;
  const silent = ipv6Addresses.length + ipv6Prefixes.length + (ipv6Count ?? 0) + (ipv6PrefixCount ?? 0) === 0;
  return {
    addresses: ipv6Addresses,
    count: silent && ipv6Count === undefined && subnet.assignIpv6AddressOnCreation ? 1 : ipv6Count,
    prefixes: ipv6Prefixes,
    prefixCount: ipv6PrefixCount,
  };
}

function freshMac(state: VpcState): SimEni['mac'] {
  for (;;) {
    const mac = state.ids.mac();
    if (!state.eniByMac.has(mac)) return mac;
  }
}
