import { formatCidr } from '../../../addr/index.ts';
import { SimFault, type SimVpc } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { missing } from '../parameters.ts';
import { amazonPool, availabilityZone, cidrAssociation, isIpv6Cidr, vpcShape, zoneId } from '../shapes/index.ts';
import { items } from '../xml.ts';

/** Throws unless this is the id of the only VPC there is. */
export function needVpc(vpc: SimVpc, id: string | undefined): void {
  if (id !== undefined && id !== vpc.id)
    throw new SimFault('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`);
}

/** Shows the one VPC there is. */
export const describeVpcs: Action = (parameters, { vpc }) => {
  const ids = parameters.ids('VpcId', 'vpc');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids, filters });
  return () => {
    for (const id of ids) needVpc(vpc, id);
    const matching = applyFilters([vpc], filters, {
      cidr: () => [formatCidr(vpc.cidr)],
      'cidr-block-association.association-id': () => vpc.cidrs().map(({ id }) => id),
      'cidr-block-association.cidr-block': () => vpc.cidrs().map(({ cidr }) => formatCidr(cidr)),
      'cidr-block-association.state': () => ['associated'],
      'dhcp-options-id': () => [vpc.id.replace(/^vpc-/, 'dopt-')],
      'ipv6-cidr-block-association.association-id': () => vpc.ipv6Cidrs().map(({ id }) => id),
      'ipv6-cidr-block-association.ipv6-cidr-block': () => vpc.ipv6Cidrs().map(({ cidr }) => formatCidr(cidr)),
      'ipv6-cidr-block-association.ipv6-pool': () => vpc.ipv6Cidrs().map(() => 'Amazon'),
      'ipv6-cidr-block-association.state': () => vpc.ipv6Cidrs().map(() => 'associated'),
      'is-default': () => [false],
      'owner-id': () => [vpc.ownerId],
      state: () => ['available'],
      'vpc-id': () => [vpc.id],
    });
    const { items: found, nextToken } = takePage(matching, page, ({ id }) => id);
    return { vpcSet: items(found.map(vpcShape)), nextToken };
  };
};

/** Gives the VPC another IPv4 network, or IPv6 space of Amazon's. */
export const associateVpcCidrBlock: Action = (parameters, { vpc }) => {
  const vpcId = parameters.requiredId('VpcId', 'vpc');
  const cidr = parameters.cidr('CidrBlock');
  const ipv6 = parameters.flag('AmazonProvidedIpv6CidrBlock') ?? false;
  if (cidr !== undefined && ipv6)
    throw new SimFault('InvalidParameterCombination', 'Give either CidrBlock or AmazonProvidedIpv6CidrBlock, not both');
  return () => {
    needVpc(vpc, vpcId);
    if (cidr === undefined && !ipv6) throw missing('CidrBlock or AmazonProvidedIpv6CidrBlock');
    const association = vpc.associateCidr(cidr === undefined ? { ipv6: true } : { cidr });
    const fields = cidrAssociation(association, 'associating');
    return isIpv6Cidr(association.cidr)
      ? { vpcId, ipv6CidrBlockAssociation: { ...fields, ...amazonPool(vpc) } }
      : { vpcId, cidrBlockAssociation: fields };
  };
};

/** Takes a network from the VPC that no subnet is in. */
export const disassociateVpcCidrBlock: Action = (parameters, { vpc }) => {
  const associationId = parameters.requiredId('AssociationId', 'vpc-cidr');
  return () => {
    const association = vpc.disassociateCidr(associationId);
    const fields = cidrAssociation(association, 'disassociating');
    return isIpv6Cidr(association.cidr)
      ? { vpcId: vpc.id, ipv6CidrBlockAssociation: { ...fields, ...amazonPool(vpc) } }
      : { vpcId: vpc.id, cidrBlockAssociation: fields };
  };
};

/** Lists the zones somebody has put a subnet in, and always the first. */
export const describeAvailabilityZones: Action = (parameters, { vpc }) => {
  const names = parameters.list('ZoneName');
  const ids = parameters.list('ZoneId');
  parameters.flag('AllAvailabilityZones');
  const filters = readFilters(parameters);
  return () => {
    // The region has the zones somebody put a subnet in, and the first one, so that there is always one.
    const zones = [...new Set([`${vpc.region}a`, ...vpc.subnets().map((one) => one.availabilityZone)])].sort();
    const wrong =
      names.find((name) => !zones.includes(name)) ?? ids.find((id) => !zones.some((zone) => zoneId(vpc, zone) === id));
    if (wrong !== undefined) throw new SimFault('InvalidParameterValue', `Invalid availability zone: [${wrong}]`);
    const chosen = zones.filter(
      (zone) => (names.length === 0 || names.includes(zone)) && (ids.length === 0 || ids.includes(zoneId(vpc, zone))),
    );
    const found = applyFilters(
      chosen.map((name) => ({ name, tags: {} })),
      filters,
      {
        'group-name': () => [`${vpc.region}-zg-1`],
        'opt-in-status': () => ['opt-in-not-required'],
        'region-name': () => [vpc.region],
        state: () => ['available'],
        'zone-id': (zone) => [zoneId(vpc, zone.name)],
        'zone-name': (zone) => [zone.name],
        'zone-type': () => ['availability-zone'],
      },
    );
    return { availabilityZoneInfo: items(found.map(({ name }) => availabilityZone(vpc, name))) };
  };
};
