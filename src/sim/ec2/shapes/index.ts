/** The objects of the model as elements of EC2's answers. */

export { arnOf, cidrAssociation, groupSet, isIpv6Cidr, tagSet, zoneId } from './common.ts';
export { hasEna, instance, metadataOptions, stateOf } from './instance.ts';
export { instanceType } from './instance-type.ts';
export { attachmentOf, ipv4Prefixes, networkInterface } from './interface.ts';
export { amazonPool, availabilityZone, reservation, subnet, vpcShape } from './network.ts';
export { revokedRule, securityGroup, securityRule } from './security.ts';
