/**
 * The VPC as a value that changes: networks, subnets, instances, ENIs, addresses, prefixes, groups, tags, with EC2's
 * rules, limits and error codes. No timer, no chance, no I/O. The EC2 API, the metadata service and the fabric are faces
 * of this one model.
 */
export type { AddressWish } from './addresses.ts';
export type { AttachRequest } from './attachments.ts';
export type { SimCall } from './calls.ts';
export { isIpv4Cidr } from './cidrs.ts';
export type { EniListener } from './create-state.ts';
export { privateDnsName } from './dns.ts';
export type { EniRequest } from './enis.ts';
export { SimFault } from './fault.ts';
export type { GroupRequest, RevokeRequest, RuleRequest } from './groups.ts';
export type { IdSource } from './ids.ts';
export type { Ipv6Holding, Ipv6Wish } from './ipv6.ts';
export type { InstanceRequest, LaunchInterface } from './launch.ts';
export type { SimVpcOptions } from './options.ts';
export { type EniIndex, eniStatus } from './postings.ts';
export type { PrefixWish } from './prefixes.ts';
export type { ReservationRequest } from './reservations.ts';
export { SimVpc } from './sim-vpc.ts';
export type { Quotas } from './state.ts';
export type { SubnetRequest } from './subnets.ts';
export type { ResourceType, TagDescription, TagRemoval } from './tags.ts';
export type { TrunkRequest } from './trunk.ts';
export type {
  AttachmentState,
  Cidr,
  CidrAssociation,
  CidrReservation,
  InstanceState,
  InterfaceType,
  MetadataOptions,
  SimAttachment,
  SimEni,
  SimEvent,
  SimInstance,
  SimSecurityGroup,
  SimSecurityRule,
  SimSubnet,
  Tags,
  TrunkAssociation,
} from './types.ts';
export type { SeenEnis } from './vpc-as-seen.ts';
export { VpcView } from './vpc-view.ts';
export { zoneId } from './zones.ts';
