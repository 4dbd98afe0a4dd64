import { SimFault } from '../model/index.ts';

/** EC2's resource ids: how each kind begins, and the documented code for one that is not formed so. */
const KINDS = {
  'network-interface': { prefix: 'eni-', code: 'InvalidNetworkInterfaceId.Malformed' },
  attachment: { prefix: 'eni-attach-', code: 'InvalidNetworkInterfaceAttachmentId.Malformed' },
  instance: { prefix: 'i-', code: 'InvalidInstanceID.Malformed' },
  image: { prefix: 'ami-', code: 'InvalidAMIID.Malformed' },
  vpc: { prefix: 'vpc-', code: 'InvalidVpcID.Malformed' },
  subnet: { prefix: 'subnet-', code: 'InvalidSubnetID.Malformed' },
  'security-group': { prefix: 'sg-', code: 'InvalidGroupId.Malformed' },
  'security-group-rule': { prefix: 'sgr-', code: 'InvalidSecurityGroupRuleId.Malformed' },
  // EC2 documents no code of their own for these.
  'vpc-cidr': { prefix: 'vpc-cidr-assoc-', code: 'InvalidVpcCidrBlockAssociationID.Malformed' },
  'subnet-cidr': { prefix: 'subnet-cidr-assoc-', code: 'InvalidSubnetCidrBlockAssociationID.Malformed' },
  'subnet-cidr-reservation': { prefix: 'scr-', code: 'InvalidSubnetCidrReservationID.Malformed' },
  'trunk-association': { prefix: 'trunk-assoc-', code: 'InvalidAssociationID.Malformed' },
} as const;

/** A kind of resource id. */
export type IdKind = keyof typeof KINDS;

/** The id itself, or EC2's complaint when it is not formed as ids of its kind are: eight or seventeen digits. */
export function checkId(kind: IdKind, id: string): string {
  const { prefix, code } = KINDS[kind];
  if (!id.startsWith(prefix) || !/^(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(id.slice(prefix.length)))
    throw new SimFault(code, `Invalid id: '${id}' (expecting '${prefix}' and 8 or 17 hexadecimal digits)`);
  return id;
}
