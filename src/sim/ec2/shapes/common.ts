import { formatCidr } from '../../../addr/index.ts';
import { type Cidr, type CidrAssociation, isIpv4Cidr, servicesOf, type Tags, type VpcView } from '../../model/index.ts';
import { items, type Xml } from '../xml.ts';

export { zoneId } from '../../model/index.ts';

/** The elements of a structure. */
export type Fields = { readonly [name: string]: Xml };

/** Tags as EC2 lists them. */
export function tagSet(tags: Tags): Xml {
  return items(Object.entries(tags).map(([key, value]) => ({ key, value })));
}

/** Security groups as EC2 lists them on what they protect. */
export function groupSet(vpc: VpcView, ids: readonly string[]): Xml {
  return items(ids.map((id) => ({ groupId: id, groupName: vpc.securityGroup(id).name })));
}

/** The ARN of a resource of the VPC. */
export function arnOf(vpc: VpcView, type: string, id: string): string {
  return `arn:${servicesOf(vpc.region).partition}:ec2:${vpc.region}:${vpc.ownerId}:${type}/${id}`;
}

/** Whether a network is an IPv6 one. */
export function isIpv6Cidr(cidr: Cidr): boolean {
  return !isIpv4Cidr(cidr);
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
