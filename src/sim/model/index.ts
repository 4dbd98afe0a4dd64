/**
 * The VPC as a value that changes: subnets, instances, ENIs, addresses, tags, with EC2's rules, limits and error
 * codes. No timer, no chance, no I/O. The EC2 API, the metadata service and the fabric are faces of this one model.
 */
export type { AddressWish } from './addresses.ts';
export type { AttachRequest } from './attachments.ts';
export type { SimCall } from './calls.ts';
export { privateDnsName } from './dns.ts';
export type { EniRequest } from './enis.ts';
export { SimFault } from './fault.ts';
export type { IdSource } from './ids.ts';
export type { InstanceRequest } from './instances.ts';
export { SimVpc, type SimVpcOptions } from './sim-vpc.ts';
export type { Tags } from './state.ts';
export type { SubnetRequest } from './subnets.ts';
export type { ResourceType, TagDescription } from './tags.ts';
export type {
  AttachmentState,
  SimAttachment,
  SimEni,
  SimEvent,
  SimInstance,
  SimSecurityGroup,
  SimSubnet,
} from './types.ts';
