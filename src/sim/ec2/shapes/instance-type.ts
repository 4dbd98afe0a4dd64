import { architectureOf, type InstanceLimits, supportsIpv6 } from '../../../vpc/index.ts';
import { items, type Xml } from '../xml.ts';

/** The limits of a type as DescribeInstanceTypes shows them. EC2 counts the ENIs of all cards together. */
export function instanceType(limits: InstanceLimits): Xml {
  const ipv6Supported = supportsIpv6(limits.instanceType);
  return {
    instanceType: limits.instanceType,
    currentGeneration: limits.hypervisor !== 'xen',
    bareMetal: limits.bareMetal,
    hypervisor: limits.hypervisor === 'unknown' ? undefined : limits.hypervisor,
    processorInfo: { supportedArchitectures: items([architectureOf(limits.instanceType)]) },
    networkInfo: {
      maximumNetworkInterfaces: limits.cards.reduce((sum, enis) => sum + enis, 0),
      maximumNetworkCards: limits.cards.length,
      defaultNetworkCardIndex: 0,
      networkCards: items(
        limits.cards.map((enis, index) => ({ networkCardIndex: index, maximumNetworkInterfaces: enis })),
      ),
      ipv4AddressesPerInterface: limits.ipv4PerEni,
      // IPv6 has as many as IPv4 (EC2 user guide, "Maximum IP addresses per network interface").
      ipv6AddressesPerInterface: ipv6Supported ? limits.ipv4PerEni : 0,
      ipv6Supported,
    },
  };
}
