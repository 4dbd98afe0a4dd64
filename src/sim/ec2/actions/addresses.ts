import { formatCidr } from '../../../addr/index.ts';
import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { missing } from '../parameters.ts';
import { ipv4Prefixes } from '../shapes/index.ts';
import { items } from '../xml.ts';

/** How many of these ways of asking a request uses; EC2 takes one. */
function onlyOne(ways: Readonly<Record<string, boolean>>): void {
  const used = Object.keys(ways).filter((name) => ways[name] === true);
  if (used.length > 1) throw new SimFault('InvalidParameterCombination', `Give either ${used.join(' or ')}, not both`);
  if (used.length === 0) throw missing(Object.keys(ways).join(' or '));
}

/** Adds IPv4 addresses or prefixes to an ENI, by name or by number, never both kinds at once. */
export const assignPrivateIpAddresses: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  const addresses = parameters.addresses('PrivateIpAddress');
  const count = parameters.integer('SecondaryPrivateIpAddressCount', 1);
  const prefixes = parameters.cidrs('Ipv4Prefix');
  const prefixCount = parameters.integer('Ipv4PrefixCount', 1);
  const allowReassignment = parameters.flag('AllowReassignment') ?? false;
  onlyOne({
    PrivateIpAddress: addresses.length > 0,
    SecondaryPrivateIpAddressCount: count !== undefined,
    Ipv4Prefix: prefixes.length > 0,
    Ipv4PrefixCount: prefixCount !== undefined,
  });
  return () => {
    if (prefixCount !== undefined || prefixes.length > 0) {
      const assigned = vpc.assignPrefixes(
        prefixCount === undefined ? { eniId, prefixes } : { eniId, count: prefixCount },
      );
      return { networkInterfaceId: eniId, assignedIpv4PrefixSet: ipv4Prefixes(assigned), return: true };
    }
    const assigned = vpc.assignAddresses(
      count === undefined ? { eniId, addresses, allowReassignment } : { eniId, count },
    );
    return {
      networkInterfaceId: eniId,
      assignedPrivateIpAddressesSet: items(assigned.map((address) => ({ privateIpAddress: address }))),
      return: true,
    };
  };
};

/** Takes secondary IPv4 addresses or prefixes off an ENI. */
export const unassignPrivateIpAddresses: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  const addresses = parameters.addresses('PrivateIpAddress');
  const prefixes = parameters.cidrs('Ipv4Prefix');
  onlyOne({ PrivateIpAddress: addresses.length > 0, Ipv4Prefix: prefixes.length > 0 });
  return () => {
    if (addresses.length > 0) vpc.unassignAddresses({ eniId, addresses });
    else vpc.unassignPrefixes({ eniId, prefixes });
    return { return: true };
  };
};

/** Adds IPv6 addresses or prefixes to an ENI, by name or by number. */
export const assignIpv6Addresses: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  const addresses = parameters.ipv6Addresses('Ipv6Addresses');
  const count = parameters.integer('Ipv6AddressCount', 1);
  const prefixes = parameters.ipv6Cidrs('Ipv6Prefix');
  const prefixCount = parameters.integer('Ipv6PrefixCount', 1);
  onlyOne({
    Ipv6Addresses: addresses.length > 0,
    Ipv6AddressCount: count !== undefined,
    Ipv6Prefix: prefixes.length > 0,
    Ipv6PrefixCount: prefixCount !== undefined,
  });
  return () => {
    const assigned = vpc.assignIpv6({
      eniId,
      addresses,
      prefixes,
      ...(count === undefined ? {} : { count }),
      ...(prefixCount === undefined ? {} : { prefixCount }),
    });
    return {
      networkInterfaceId: eniId,
      assignedIpv6Addresses: assigned.addresses.length > 0 ? items(assigned.addresses) : undefined,
      assignedIpv6PrefixSet: assigned.prefixes.length > 0 ? items(assigned.prefixes.map(formatCidr)) : undefined,
    };
  };
};

/** Takes IPv6 addresses or prefixes off an ENI. */
export const unassignIpv6Addresses: Action = (parameters, { vpc }) => {
  const eniId = parameters.requiredId('NetworkInterfaceId', 'network-interface');
  const addresses = parameters.ipv6Addresses('Ipv6Addresses');
  const prefixes = parameters.ipv6Cidrs('Ipv6Prefix');
  onlyOne({ Ipv6Addresses: addresses.length > 0, Ipv6Prefix: prefixes.length > 0 });
  return () => {
    vpc.unassignIpv6({ eniId, addresses, prefixes });
    return {
      networkInterfaceId: eniId,
      unassignedIpv6Addresses: addresses.length > 0 ? items(addresses) : undefined,
      unassignedIpv6PrefixSet: prefixes.length > 0 ? items(prefixes.map(formatCidr)) : undefined,
    };
  };
};
