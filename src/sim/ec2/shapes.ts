import { formatCidr } from '../../addr/index.ts';
import type { InstanceLimits } from '../../vpc/index.ts';
import {
  privateDnsName,
  type SimAttachment,
  type SimEni,
  type SimInstance,
  type SimSecurityGroup,
  type SimSubnet,
  type SimVpc,
  type Tags,
} from '../model/index.ts';
import { items, timestamp, type Xml } from './xml.ts';

/** Tags as EC2 lists them. */
export function tagSet(tags: Tags): Xml {
  return items(Object.entries(tags).map(([key, value]) => ({ key, value })));
}

/** The stable id of a zone (`use1-az1`); letters follow numbers in this region. */
export function zoneId(vpc: SimVpc, zone: string): string {
  const [area = '', direction = '', number = ''] = vpc.region.split('-');
  return `${area}${direction.slice(0, 1)}${number}-az${zone.charCodeAt(zone.length - 1) - 96}`;
}

/** EC2's status of an ENI. */
export function statusOf(eni: SimEni): string {
  return eni.attachment === undefined ? 'available' : 'in-use';
}

/** An ENI as DescribeNetworkInterfaces shows it. */
export function networkInterface(vpc: SimVpc, eni: SimEni): Xml {
  const { attachment } = eni;
  const zone = vpc.subnet(eni.subnetId).availabilityZone;
  return {
    ...common(vpc, eni),
    availabilityZone: zone,
    availabilityZoneId: zoneId(vpc, zone),
    requesterManaged: false,
    attachment: attachment && {
      ...attachmentFields(attachment),
      instanceId: attachment.instanceId,
      instanceOwnerId: vpc.ownerId,
    },
    tagSet: tagSet(eni.tags),
  };
}

/** An instance as DescribeInstances shows it. */
export function instance(vpc: SimVpc, machine: SimInstance): Xml {
  const enis = vpc.enisOf(machine.id);
  const [primary] = enis;
  const address = primary?.addresses[0];
  return {
    instanceId: machine.id,
    imageId: 'ami-00000000000000000',
    instanceState: { code: 16, name: 'running' },
    privateDnsName: address && privateDnsName(vpc, address),
    privateIpAddress: address,
    instanceType: machine.instanceType,
    launchTime: timestamp(machine.launchedAt),
    placement: { availabilityZone: vpc.subnet(machine.subnetId).availabilityZone, tenancy: 'default' },
    subnetId: machine.subnetId,
    vpcId: vpc.id,
    architecture: 'x86_64',
    groupSet: groupSet(vpc, primary?.securityGroups ?? []),
    networkInterfaceSet: items(
      enis.map((eni) => ({ ...common(vpc, eni), attachment: eni.attachment && attachmentFields(eni.attachment) })),
    ),
    tagSet: tagSet(machine.tags),
  };
}

/** A subnet as DescribeSubnets shows it. */
export function subnet(vpc: SimVpc, one: SimSubnet): Xml {
  return {
    subnetId: one.id,
    subnetArn: `arn:aws:ec2:${vpc.region}:${vpc.ownerId}:subnet/${one.id}`,
    state: 'available',
    ownerId: vpc.ownerId,
    vpcId: vpc.id,
    cidrBlock: formatCidr(one.cidr),
    availableIpAddressCount: vpc.availableAddresses(one.id),
    availabilityZone: one.availabilityZone,
    availabilityZoneId: zoneId(vpc, one.availabilityZone),
    defaultForAz: false,
    mapPublicIpOnLaunch: false,
    assignIpv6AddressOnCreation: false,
    tagSet: tagSet(one.tags),
  };
}

/** A security group as DescribeSecurityGroups shows it; the model keeps no rules. */
export function securityGroup(vpc: SimVpc, group: SimSecurityGroup): Xml {
  return {
    ownerId: vpc.ownerId,
    groupId: group.id,
    groupName: group.name,
    groupDescription: group.description,
    vpcId: vpc.id,
    ipPermissions: '',
    ipPermissionsEgress: '',
    tagSet: tagSet(group.tags),
  };
}

/** The limits of a type as DescribeInstanceTypes shows them. EC2 counts the ENIs of all cards together. */
export function instanceType(limits: InstanceLimits): Xml {
  return {
    instanceType: limits.instanceType,
    bareMetal: limits.bareMetal,
    hypervisor: limits.hypervisor === 'unknown' ? undefined : limits.hypervisor,
    networkInfo: {
      maximumNetworkInterfaces: limits.cards.reduce((sum, enis) => sum + enis, 0),
      maximumNetworkCards: limits.cards.length,
      defaultNetworkCardIndex: 0,
      networkCards: items(
        limits.cards.map((enis, index) => ({ networkCardIndex: index, maximumNetworkInterfaces: enis })),
      ),
      ipv4AddressesPerInterface: limits.ipv4PerEni,
    },
  };
}

function common(vpc: SimVpc, eni: SimEni): { readonly [name: string]: Xml } {
  return {
    networkInterfaceId: eni.id,
    subnetId: eni.subnetId,
    vpcId: vpc.id,
    description: eni.description,
    ownerId: vpc.ownerId,
    status: statusOf(eni),
    macAddress: eni.mac,
    privateIpAddress: eni.addresses[0],
    privateDnsName: eni.addresses[0] && privateDnsName(vpc, eni.addresses[0]),
    sourceDestCheck: true,
    interfaceType: 'interface',
    groupSet: groupSet(vpc, eni.securityGroups),
    privateIpAddressesSet: items(
      eni.addresses.map((address, index) => ({
        privateIpAddress: address,
        privateDnsName: privateDnsName(vpc, address),
        primary: index === 0,
      })),
    ),
  };
}

function attachmentFields(attachment: SimAttachment): { readonly [name: string]: Xml } {
  return {
    attachmentId: attachment.id,
    deviceIndex: attachment.deviceIndex,
    networkCardIndex: attachment.networkCardIndex,
    status: attachment.state,
    attachTime: timestamp(attachment.attachedAt),
    deleteOnTermination: attachment.deleteOnTermination,
  };
}

function groupSet(vpc: SimVpc, ids: readonly string[]): Xml {
  const names = new Map(vpc.securityGroups().map((group) => [group.id, group.name]));
  return items(ids.map((id) => ({ groupId: id, groupName: names.get(id) })));
}
