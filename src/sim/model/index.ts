/**
 * The VPC as a value that changes: networks, subnets, instances, ENIs, addresses, prefixes, groups, tags, with EC2's
 * rules, limits and error codes. No timer, no chance, no I/O. The EC2 API, the metadata service and the fabric are faces
 * of this one model.
 */
export type { SimCall } from './calls.ts';
export { isIpv4Cidr } from './cidrs.ts';
export { privateDnsName, servicesOf } from './dns.ts';
export { SimFault } from './fault.ts';
export type { RuleRequest } from './groups.ts';
export type { InstanceRequest, LaunchInterface } from './launch.ts';
export type { SimVpcOptions } from './options.ts';
export { type EniIndex, eniStatus } from './postings.ts';
export { SimVpc } from './sim-vpc.ts';
export type {
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
export { VpcView } from './vpc-view.ts';
export { zoneId } from './zones.ts';
