import { formatCidr } from '../../../addr/index.ts';
import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { missing } from '../parameters.ts';
import { arnOf, cidrAssociation, subnet, zoneId } from '../shapes/index.ts';
import { items } from '../xml.ts';
import { readTagSpecifications } from './requests.ts';
import { needVpc } from './vpcs.ts';

/** Makes a subnet in a network of the VPC, in a zone by name or by id. */
export const createSubnet: Action = (parameters, { vpc }) => {
  const vpcId = parameters.requiredId('VpcId', 'vpc');
  const cidr = parameters.cidr('CidrBlock');
  const ipv6Cidr = parameters.ipv6Cidr('Ipv6CidrBlock');
  const zone = parameters.text('AvailabilityZone');
  const givenZoneId = parameters.text('AvailabilityZoneId');
  const tags = readTagSpecifications(parameters, ['subnet'])('subnet');
  if (zone !== undefined && givenZoneId !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Give either AvailabilityZone or AvailabilityZoneId, not both');
  return () => {
    needVpc(vpc, vpcId);
    if (cidr === undefined) throw missing('CidrBlock');
    const letters = 'abcdefghijklmnopqrstuvwxyz'.split('').map((letter) => `${vpc.region}${letter}`);
    const availabilityZone =
      zone ?? (givenZoneId === undefined ? undefined : letters.find((name) => zoneId(vpc, name) === givenZoneId));
    if (givenZoneId !== undefined && availabilityZone === undefined)
      throw new SimFault('InvalidParameterValue', `Value (${givenZoneId}) for parameter availabilityZoneId is invalid`);
    const made = vpc.createSubnet({
      cidr,
      tags,
      ...(availabilityZone === undefined ? {} : { availabilityZone }),
      ...(ipv6Cidr === undefined ? {} : { ipv6Cidr }),
    });
    return { subnet: subnet(vpc, made) };
  };
};

/** Deletes a subnet without ENIs. */
export const deleteSubnet: Action = (parameters, { vpc }) => {
  const subnetId = parameters.requiredId('SubnetId', 'subnet');
  return () => {
    vpc.deleteSubnet(subnetId);
    return { return: true };
  };
};

/** Changes one attribute of a subnet, as EC2 does: one at a time. */
export const modifySubnetAttribute: Action = (parameters, { vpc }) => {
  const subnetId = parameters.requiredId('SubnetId', 'subnet');
  const mapPublicIpOnLaunch = parameters.structure('MapPublicIpOnLaunch').flag('Value');
  const assignIpv6AddressOnCreation = parameters.structure('AssignIpv6AddressOnCreation').flag('Value');
  // "You can only modify one attribute at a time" (API reference, ModifySubnetAttribute).
  if (mapPublicIpOnLaunch !== undefined && assignIpv6AddressOnCreation !== undefined)
    throw new SimFault('InvalidParameterCombination', 'Only one attribute of a subnet changes at a time');
  return () => {
    if (mapPublicIpOnLaunch !== undefined) vpc.modifySubnet(subnetId, { mapPublicIpOnLaunch });
    else if (assignIpv6AddressOnCreation !== undefined) vpc.modifySubnet(subnetId, { assignIpv6AddressOnCreation });
    else throw new SimFault('MissingParameter', 'The request names no attribute to change');
    return { return: true };
  };
};

/** Lists subnets with their free addresses. */
export const describeSubnets: Action = (parameters, { vpc }) => {
  const ids = parameters.ids('SubnetId', 'subnet');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids, filters });
  return () => {
    const subnets = ids.length > 0 ? [...new Set(ids)].map((id) => vpc.subnet(id)) : vpc.subnets();
    const matching = applyFilters(subnets, filters, {
      'availability-zone': (one) => [one.availabilityZone],
      availabilityZone: (one) => [one.availabilityZone],
      'availability-zone-id': (one) => [zoneId(vpc, one.availabilityZone)],
      availabilityZoneId: (one) => [zoneId(vpc, one.availabilityZone)],
      'available-ip-address-count': (one) => [vpc.availableAddresses(one.id)],
      cidr: (one) => [formatCidr(one.cidr)],
      'cidr-block': (one) => [formatCidr(one.cidr)],
      cidrBlock: (one) => [formatCidr(one.cidr)],
      'default-for-az': () => [false],
      defaultForAz: () => [false],
      'enable-dns64': () => [false],
      'ipv6-cidr-block-association.association-id': (one) => [one.ipv6?.id],
      'ipv6-cidr-block-association.ipv6-cidr-block': (one) => [one.ipv6 && formatCidr(one.ipv6.cidr)],
      'ipv6-cidr-block-association.state': (one) => [one.ipv6 && 'associated'],
      'ipv6-native': () => [false],
      'map-customer-owned-ip-on-launch': () => [false],
      'map-public-ip-on-launch': (one) => [one.mapPublicIpOnLaunch],
      'owner-id': () => [vpc.ownerId],
      'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': () => [false],
      'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': () => [false],
      'private-dns-name-options-on-launch.hostname-type': () => ['ip-name'],
      state: () => ['available'],
      'subnet-arn': (one) => [arnOf(vpc, 'subnet', one.id)],
      'subnet-id': (one) => [one.id],
      'vpc-id': () => [vpc.id],
    });
    const { items: found, nextToken } = takePage(matching, page, (one) => one.id);
    return { subnetSet: items(found.map((one) => subnet(vpc, one))), nextToken };
  };
};

/** Gives a subnet an IPv6 block. */
export const associateSubnetCidrBlock: Action = (parameters, { vpc }) => {
  const subnetId = parameters.requiredId('SubnetId', 'subnet');
  const ipv6Cidr = parameters.ipv6Cidr('Ipv6CidrBlock');
  return () => {
    if (ipv6Cidr === undefined) throw missing('Ipv6CidrBlock');
    const association = vpc.associateSubnetCidr({ subnetId, ipv6Cidr });
    return { subnetId, ipv6CidrBlockAssociation: cidrAssociation(association, 'associating') };
  };
};

/** Takes the IPv6 block from a subnet that does not use it. */
export const disassociateSubnetCidrBlock: Action = (parameters, { vpc }) => {
  const associationId = parameters.requiredId('AssociationId', 'subnet-cidr');
  return () => {
    const owner = vpc.subnets().find(({ ipv6 }) => ipv6?.id === associationId);
    const association = vpc.disassociateSubnetCidr(associationId);
    return { subnetId: owner?.id, ipv6CidrBlockAssociation: cidrAssociation(association, 'disassociating') };
  };
};
