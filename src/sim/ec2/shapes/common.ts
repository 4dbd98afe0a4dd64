import { formatCidr } from '../../../addr/index.ts';
import type { Cidr, CidrAssociation, SimVpc, Tags } from '../../model/index.ts';
import { items, type Xml } from '../xml.ts';

/** The elements of a structure. */
export type Fields = { readonly [name: string]: Xml };

/** Tags as EC2 lists them. */
export function tagSet(tags: Tags): Xml {
  return items(Object.entries(tags).map(([key, value]) => ({ key, value })));
}

/** The stable id of a zone (`use1-az1`); letters follow numbers in this region. */
export function zoneId(vpc: SimVpc, zone: string): string {
  const [area = '', direction = '', number = ''] = vpc.region.split('-');
  return `${area}${direction.slice(0, 1)}${number}-az${zone.charCodeAt(zone.length - 1) - 96}`;
}

/** Security groups as EC2 lists them on what they protect. */
export function groupSet(vpc: SimVpc, ids: readonly string[]): Xml {
  return items(ids.map((id) => ({ groupId: id, groupName: vpc.securityGroup(id).name })));
}

/** The ARN of a resource of the VPC. */
export function arnOf(vpc: SimVpc, type: string, id: string): string {
  return `arn:aws:ec2:${vpc.region}:${vpc.ownerId}:${type}/${id}`;
}

/** Whether a network is an IPv6 one. */
export function isIpv6Cidr({ address }: Cidr): boolean {
  return address.includes(':');
}

/** The association of a CIDR with a VPC or subnet, as EC2 shows it. */
export function cidrAssociation(
  association: CidrAssociation,
  state: 'associated' | 'associating' | 'disassociating',
): Fields {
  const ipv6 = isIpv6Cidr(association.cidr);
  return {
    associationId: association.id,
    [ipv6 ? 'ipv6CidrBlock' : 'cidrBlock']: formatCidr(association.cidr),
    [ipv6 ? 'ipv6CidrBlockState' : 'cidrBlockState']: { state },
  };
}
