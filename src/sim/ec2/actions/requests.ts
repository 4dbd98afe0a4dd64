import type { Ipv4Address, Ipv4Cidr, Ipv6Address, Ipv6Cidr } from '../../../addr/index.ts';
import { SimFault, type Tags } from '../../model/index.ts';
import type { Parameters } from '../parameters.ts';

/** The addresses and prefixes an ENI shall have from the start, by name or by number. */
export interface Addressing {
  /** The primary one first. */
  readonly addresses: readonly Ipv4Address[];
  readonly secondaryCount: number;
  readonly prefixes: readonly Ipv4Cidr[];
  readonly prefixCount: number;
  readonly ipv6Addresses: readonly Ipv6Address[];
  /** Absent when nobody asked: then the subnet decides. */
  readonly ipv6Count?: number;
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
  readonly ipv6PrefixCount: number;
}

/** Reads what CreateNetworkInterface and the interfaces of RunInstances say about addresses. */
export function readAddressing(parameters: Parameters): Addressing {
  const secondaryCount = parameters.integer('SecondaryPrivateIpAddressCount');
  const prefixCount = parameters.integer('Ipv4PrefixCount');
  const ipv6Count = parameters.integer('Ipv6AddressCount');
  const ipv6PrefixCount = parameters.integer('Ipv6PrefixCount');
  const addresses = readAddresses(parameters);
  const prefixes = parameters.structures('Ipv4Prefix').flatMap((one) => one.cidr('Ipv4Prefix') ?? []);
  const ipv6Addresses = parameters.structures('Ipv6Addresses').flatMap((one) => one.ipv6('Ipv6Address') ?? []);
  const ipv6Prefixes = parameters.structures('Ipv6Prefix').flatMap((one) => one.ipv6Cidr('Ipv6Prefix') ?? []);
  // EC2 lets a request say it in one way only (API reference, CreateNetworkInterface).
  refuseBoth(secondaryCount !== undefined && addresses.length > 1, 'secondary addresses', 'their number');
  refuseBoth(prefixCount !== undefined && prefixes.length > 0, 'IPv4 prefixes', 'their number');
  refuseBoth(ipv6Count !== undefined && ipv6Addresses.length > 0, 'IPv6 addresses', 'their number');
  refuseBoth(ipv6PrefixCount !== undefined && ipv6Prefixes.length > 0, 'IPv6 prefixes', 'their number');
  return {
    addresses,
    secondaryCount: secondaryCount ?? 0,
    prefixes,
    prefixCount: prefixCount ?? 0,
    ipv6Addresses,
    ...(ipv6Count === undefined ? {} : { ipv6Count }),
    ipv6Prefixes,
    ipv6PrefixCount: ipv6PrefixCount ?? 0,
  };
}

function refuseBoth(both: boolean, one: string, other: string): void {
  if (both) throw new SimFault('InvalidParameterCombination', `Give either ${one} or ${other}, not both`);
}

function readAddresses(parameters: Parameters): readonly Ipv4Address[] {
  const listed = parameters.structures('PrivateIpAddresses').map((entry) => ({
    address: entry.address('PrivateIpAddress'),
    primary: entry.flag('Primary') ?? false,
  }));
  const single = parameters.address('PrivateIpAddress');
  const primaries = [single, ...listed.filter((entry) => entry.primary).map((entry) => entry.address)];
  const [primary, second] = primaries.filter((address) => address !== undefined);
  if (second !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Only one address of a network interface is the primary one');
  const secondaries = listed.flatMap((entry) => (entry.primary || entry.address === undefined ? [] : [entry.address]));
  if (primary === undefined && secondaries.length > 0)
    throw new SimFault('InvalidParameterCombination', 'A list of private addresses must name the primary one');
  return primary === undefined ? [] : [primary, ...secondaries];
}

/** Reads `TagSpecification.N`: tags by the type of resource they are for. Types the action does not make are refused. */
export function readTagSpecifications(parameters: Parameters, types: readonly string[]): (type: string) => Tags {
  const found = new Map<string, Tags>();
  for (const specification of parameters.structures('TagSpecification')) {
    const type = specification.required('ResourceType');
    if (!types.includes(type))
      throw new SimFault('InvalidParameterValue', `'${type}' is not a valid taggable resource type for this operation`);
    if (found.has(type))
      throw new SimFault('InvalidParameterValue', `Tags for the resource type '${type}' are given twice`);
    found.set(type, readTags(specification));
  }
  return (type) => found.get(type) ?? {};
}

/** Reads `Tag.N`; a key given twice is refused, as is one without a name. */
export function readTags(parameters: Parameters): Tags {
  const pairs = parameters.structures('Tag').map((tag) => [tag.required('Key'), tag.text('Value') ?? ''] as const);
  const tags = new Map(pairs);
  if (tags.size < pairs.length) {
    const twice = pairs.find(([key], index) => pairs.findIndex(([other]) => other === key) < index)?.[0];
    throw new SimFault('InvalidParameterValue', `Duplicate tag key '${twice}' specified.`);
  }
  return Object.fromEntries(tags);
}
