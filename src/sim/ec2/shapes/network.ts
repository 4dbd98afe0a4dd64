import { formatCidr } from '../../../addr/index.ts';
import type { CidrReservation, SimSubnet, SimVpc } from '../../model/index.ts';
import { items, type Xml } from '../xml.ts';
import { arnOf, cidrAssociation, tagSet, zoneId } from './common.ts';

/** The VPC as DescribeVpcs shows it. */
export function vpcShape(vpc: SimVpc): Xml {
  const ipv6 = vpc.ipv6Cidrs();
  return {
    vpcId: vpc.id,
    ownerId: vpc.ownerId,
    state: 'available',
    cidrBlock: formatCidr(vpc.cidr),
    cidrBlockAssociationSet: items(vpc.cidrs().map((one) => cidrAssociation(one, 'associated'))),
    ipv6CidrBlockAssociationSet:
      ipv6.length === 0
        ? undefined
        : items(ipv6.map((one) => ({ ...cidrAssociation(one, 'associated'), ...amazonPool(vpc) }))),
    dhcpOptionsId: vpc.id.replace(/^vpc-/, 'dopt-'),
    instanceTenancy: 'default',
    isDefault: false,
    tagSet: tagSet(vpc.tags),
  };
}

/** Where the VPC's IPv6 blocks come from. */
export function amazonPool(vpc: SimVpc): { readonly [name: string]: Xml } {
  return { ipv6Pool: 'Amazon', networkBorderGroup: vpc.region };
}

/** A subnet as DescribeSubnets shows it. */
export function subnet(vpc: SimVpc, one: SimSubnet): Xml {
  return {
    subnetId: one.id,
    subnetArn: arnOf(vpc, 'subnet', one.id),
    state: 'available',
    ownerId: vpc.ownerId,
    vpcId: vpc.id,
    cidrBlock: formatCidr(one.cidr),
    ipv6CidrBlockAssociationSet: items(one.ipv6 === undefined ? [] : [cidrAssociation(one.ipv6, 'associated')]),
    availableIpAddressCount: vpc.availableAddresses(one.id),
    availabilityZone: one.availabilityZone,
    availabilityZoneId: zoneId(vpc, one.availabilityZone),
    defaultForAz: false,
    mapPublicIpOnLaunch: one.mapPublicIpOnLaunch,
    mapCustomerOwnedIpOnLaunch: false,
    assignIpv6AddressOnCreation: one.assignIpv6AddressOnCreation,
    enableDns64: false,
    ipv6Native: false,
    privateDnsNameOptionsOnLaunch: {
      hostnameType: 'ip-name',
      enableResourceNameDnsARecord: false,
      enableResourceNameDnsAAAARecord: false,
    },
    tagSet: tagSet(one.tags),
  };
}

/** A reservation as GetSubnetCidrReservations shows it. */
export function reservation(vpc: SimVpc, one: CidrReservation): Xml {
  return {
    subnetCidrReservationId: one.id,
    subnetId: one.subnetId,
    cidr: formatCidr(one.cidr),
    reservationType: one.type,
    ownerId: vpc.ownerId,
    description: one.description === '' ? undefined : one.description,
    tagSet: tagSet(one.tags),
  };
}

/** A zone as DescribeAvailabilityZones shows it. */
export function availabilityZone(vpc: SimVpc, name: string): Xml {
  return {
    zoneName: name,
    zoneId: zoneId(vpc, name),
    zoneState: 'available',
    zoneType: 'availability-zone',
    regionName: vpc.region,
    groupName: `${vpc.region}-zg-1`,
    networkBorderGroup: vpc.region,
    optInStatus: 'opt-in-not-required',
    messageSet: '',
  };
}
