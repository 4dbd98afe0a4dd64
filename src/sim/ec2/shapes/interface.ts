import { formatCidr } from '../../../addr/index.ts';
import { eniStatus, privateDnsName, type SimAttachment, type SimEni, type VpcView } from '../../model/index.ts';
import { items, timestamp, type Xml } from '../xml.ts';
import { type Fields, groupSet, tagSet, zoneId } from './common.ts';

/** An ENI as DescribeNetworkInterfaces shows it. */
export function networkInterface(vpc: VpcView, eni: SimEni): Fields {
  const zone = vpc.subnet(eni.subnetId).availabilityZone;
  return {
    ...interfaceFields(vpc, eni),
    availabilityZone: zone,
    availabilityZoneId: zoneId(vpc, zone),
    requesterManaged: false,
    // DescribeInstances has it on the instance only.
    ipv6Address: eni.ipv6Addresses[0],
    attachment: eni.attachment && attachmentOf(vpc, eni.attachment),
    tagSet: tagSet(eni.tags),
  };
}

/** An ENI as DescribeInstances shows it. */
export function instanceInterface(vpc: VpcView, eni: SimEni): Xml {
  return { ...interfaceFields(vpc, eni), attachment: eni.attachment && attachmentFields(eni.attachment) };
}

/** An attachment with the instance it leads to. */
export function attachmentOf(vpc: VpcView, attachment: SimAttachment): Xml {
  return { ...attachmentFields(attachment), instanceId: attachment.instanceId, instanceOwnerId: vpc.ownerId };
}

/** IPv4 prefixes as EC2 lists them. */
export function ipv4Prefixes(prefixes: SimEni['prefixes']): Xml {
  return items(prefixes.map((prefix) => ({ ipv4Prefix: formatCidr(prefix) })));
}

/** IPv6 prefixes as EC2 lists them. */
export function ipv6Prefixes(prefixes: SimEni['ipv6Prefixes']): Xml {
  return items(prefixes.map((prefix) => ({ ipv6Prefix: formatCidr(prefix) })));
}

function interfaceFields(vpc: VpcView, eni: SimEni): Fields {
  return {
    networkInterfaceId: eni.id,
    subnetId: eni.subnetId,
    vpcId: vpc.id,
    description: eni.description,
    ownerId: vpc.ownerId,
    status: eniStatus(eni),
    macAddress: eni.mac,
    privateIpAddress: eni.addresses[0],
    privateDnsName: eni.addresses[0] && privateDnsName(vpc, eni.addresses[0]),
    sourceDestCheck: eni.sourceDestCheck,
    interfaceType: eni.interfaceType,
    operator: { managed: false },
    groupSet: groupSet(vpc, eni.securityGroups),
    privateIpAddressesSet: items(
      eni.addresses.map((address, index) => ({
        privateIpAddress: address,
        privateDnsName: privateDnsName(vpc, address),
        primary: index === 0,
      })),
    ),
    ipv6AddressesSet: items(eni.ipv6Addresses.map((ipv6Address) => ({ ipv6Address, isPrimaryIpv6: false }))),
    // EC2's examples leave the sets of prefixes out where there are none.
    ipv4PrefixSet: eni.prefixes.length > 0 ? ipv4Prefixes(eni.prefixes) : undefined,
    ipv6PrefixSet: eni.ipv6Prefixes.length > 0 ? ipv6Prefixes(eni.ipv6Prefixes) : undefined,
  };
}

function attachmentFields(attachment: SimAttachment): Fields {
  return {
    attachmentId: attachment.id,
    deviceIndex: attachment.deviceIndex,
    networkCardIndex: attachment.networkCardIndex,
    status: attachment.state,
    attachTime: timestamp(attachment.attachedAt),
    deleteOnTermination: attachment.deleteOnTermination,
  };
}
