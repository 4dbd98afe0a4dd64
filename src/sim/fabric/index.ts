/**
 * The VPC in the kernel: a router namespace, an internet namespace, one veth per attached ENI. It follows the model's
 * events and is driven with `ip` and `nft` only, so that a defect of the product's rtnetlink cannot hide here too.
 */
export { EC2_ADDRESS, IMDS_ADDRESS, INTERNET_ADDRESS } from './addresses.ts';
export { createFabric, type Fabric, type FabricOptions } from './fabric.ts';
export { type FabricLayout, writeSysctls } from './ground.ts';
export { netnsHome, netnsPath, nodeNetns, type VpcNames, vpcNames } from './names.ts';
export { createNetns, inNetnsArgv, ownNetns, removeNetns } from './namespace.ts';
export type { Placement, Port } from './port.ts';
