/**
 * The VPC in the kernel: a router namespace, an internet namespace, one veth per attached ENI. It follows the model's
 * events and is driven with `ip` and `nft` only, so that a defect of the product's rtnetlink cannot hide here too.
 */
export { EC2_ADDRESS, IMDS_ADDRESS, INTERNET_ADDRESS, INTERNET_IPV6_ADDRESS } from './addresses.ts';
export { hasIpv6, writeSysctls } from './apply.ts';
export { createFabric, type Fabric } from './fabric.ts';
export { isNodeName, netnsHome, netnsPath, nodeNetns, type VpcNames, vpcNames } from './names.ts';
export { createNetns, inNetnsArgv, ownNetns, removeNetns, unmount } from './namespace.ts';
export { linkName } from './port.ts';
export type { DropReason } from './table.ts';
