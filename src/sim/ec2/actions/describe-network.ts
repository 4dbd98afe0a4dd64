import { formatCidr } from '../../../addr/index.ts';
import { instanceTypes, limitsOf } from '../../../vpc/index.ts';
import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { instanceType, securityGroup, subnet, tagSet, zoneId } from '../shapes.ts';
import { items } from '../xml.ts';

export const describeSubnets: Action = (parameters, { vpc }) => {
  const ids = parameters.list('SubnetId');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids });
  return () => {
    const subnets = ids.length > 0 ? ids.map((id) => vpc.subnet(id)) : vpc.subnets();
    const matching = applyFilters(subnets, filters, {
      'availability-zone': (one) => [one.availabilityZone],
      'availability-zone-id': (one) => [zoneId(vpc, one.availabilityZone)],
      'available-ip-address-count': (one) => [vpc.availableAddresses(one.id)],
      cidr: (one) => [formatCidr(one.cidr)],
      'cidr-block': (one) => [formatCidr(one.cidr)],
      'default-for-az': () => [false],
      'owner-id': () => [vpc.ownerId],
      state: () => ['available'],
      'subnet-id': (one) => [one.id],
      'vpc-id': () => [vpc.id],
    });
    const { items: found, nextToken } = takePage(matching, page);
    return { subnetSet: items(found.map((one) => subnet(vpc, one))), nextToken };
  };
};

/** A listing of every type comes in pages of this size when the caller names none. */
const TYPES_PAGE = 100;

export const describeInstanceTypes: Action = (parameters) => {
  const names = parameters.list('InstanceType');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: TYPES_PAGE, ids: names });
  return () => {
    const unknown = names.filter((name) => limitsOf(name) === undefined);
    if (unknown.length > 0)
      throw new SimFault('InvalidInstanceType', `These instance types do not exist: [${unknown.join(', ')}]`);
    const limits = (names.length > 0 ? names : instanceTypes()).flatMap((name) => {
      const found = limitsOf(name);
      return found === undefined ? [] : [{ ...found, tags: {} }];
    });
    const matching = applyFilters(limits, filters, {
      'bare-metal': (one) => [one.bareMetal],
      hypervisor: (one) => [one.hypervisor],
      'instance-type': (one) => [one.instanceType],
      'network-info.ipv4-addresses-per-interface': (one) => [one.ipv4PerEni],
      'network-info.maximum-network-cards': (one) => [one.cards.length],
    });
    const { items: found, nextToken } = takePage(matching, { from: page.from, size: page.size ?? TYPES_PAGE });
    return { instanceTypeSet: items(found.map(instanceType)), nextToken };
  };
};

export const describeVpcs: Action = (parameters, { vpc }) => {
  const ids = parameters.list('VpcId');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids });
  return () => {
    const missing = ids.find((id) => id !== vpc.id);
    if (missing !== undefined) throw new SimFault('InvalidVpcID.NotFound', `The vpc ID '${missing}' does not exist`);
    const cidr = formatCidr(vpc.cidr);
    const matching = applyFilters([vpc], filters, {
      cidr: () => [cidr],
      'cidr-block-association.cidr-block': () => [cidr],
      'is-default': () => [false],
      'owner-id': () => [vpc.ownerId],
      state: () => ['available'],
      'vpc-id': () => [vpc.id],
    });
    const association = { associationId: vpc.id.replace(/^vpc-/, 'vpc-cidr-assoc-'), cidrBlock: cidr };
    const shown = matching.map(() => ({
      vpcId: vpc.id,
      ownerId: vpc.ownerId,
      state: 'available',
      cidrBlock: cidr,
      cidrBlockAssociationSet: items([{ ...association, cidrBlockState: { state: 'associated' } }]),
      instanceTenancy: 'default',
      isDefault: false,
      tagSet: tagSet(vpc.tags),
    }));
    return { vpcSet: items(takePage(shown, page).items) };
  };
};

export const describeAvailabilityZones: Action = (parameters, { vpc }) => {
  const names = parameters.list('ZoneName');
  const ids = parameters.list('ZoneId');
  parameters.flag('AllAvailabilityZones');
  const filters = readFilters(parameters);
  return () => {
    const zones = [...new Set(vpc.subnets().map((one) => one.availabilityZone))].sort();
    const missing = names.find((name) => !zones.includes(name));
    if (missing !== undefined) throw new SimFault('InvalidParameterValue', `Invalid availability zone: [${missing}]`);
    const chosen = zones.filter(
      (zone) => (names.length === 0 || names.includes(zone)) && (ids.length === 0 || ids.includes(zoneId(vpc, zone))),
    );
    const found = applyFilters(
      chosen.map((name) => ({ name, tags: {} })),
      filters,
      {
        'region-name': () => [vpc.region],
        state: () => ['available'],
        'zone-id': (zone) => [zoneId(vpc, zone.name)],
        'zone-name': (zone) => [zone.name],
        'zone-type': () => ['availability-zone'],
      },
    );
    const shown = found.map(({ name }) => ({
      zoneName: name,
      zoneId: zoneId(vpc, name),
      zoneState: 'available',
      zoneType: 'availability-zone',
      regionName: vpc.region,
      groupName: vpc.region,
      optInStatus: 'opt-in-not-required',
    }));
    return { availabilityZoneInfo: items(shown) };
  };
};

export const describeSecurityGroups: Action = (parameters, { vpc }) => {
  const ids = parameters.list('GroupId');
  const names = parameters.list('GroupName');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids: [...ids, ...names] });
  return () => {
    const all = vpc.securityGroups();
    const missing =
      ids.find((id) => !all.some((group) => group.id === id)) ??
      names.find((name) => !all.some((group) => group.name === name));
    if (missing !== undefined)
      throw new SimFault('InvalidGroup.NotFound', `The security group '${missing}' does not exist`);
    const chosen = all.filter(
      (group) => (ids.length === 0 && names.length === 0) || ids.includes(group.id) || names.includes(group.name),
    );
    const matching = applyFilters(chosen, filters, {
      description: (group) => [group.description],
      'group-id': (group) => [group.id],
      'group-name': (group) => [group.name],
      'owner-id': () => [vpc.ownerId],
      'vpc-id': () => [vpc.id],
    });
    const { items: found, nextToken } = takePage(matching, page);
    return { securityGroupInfo: items(found.map((group) => securityGroup(vpc, group))), nextToken };
  };
};
