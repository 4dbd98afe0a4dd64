import {
  type IpAddress,
  type IpFamily,
  type Ipv4Address,
  type Ipv6Address,
  parseIpv4,
  parseIpv6,
} from '../addr/index.ts';

/**
 * Routing protocol number on every rule and route we add, so that a diff or an uninstall finds exactly ours
 * ("ip rule show protocol 90"). Free in /etc/iproute2/rt_protos; upstream leaves its own untagged.
 */
export const PROTOCOL = 90;

/** Our only packet-filter table ("nft list table ip vpc-cni"). */
export const NFT_TABLE = 'vpc-cni';

/** The table that upstream makes for its connection marks where iptables is a front of nftables. */
export const AWS_NODE_NFT_TABLE = 'aws-cni';

/** Link group of veths whose pod is gone: one request removes them all ("ip link show group 7690"). */
export const DEAD_LINK_GROUP = 7690;

/**
 * Rule priorities, the ones upstream uses and other software therefore steers clear of. 513–1023 and 1025–1534 stay
 * free for the operator.
 */
export const PRIORITY = {
  /** In the namespace of a pod with several NICs: what has the address of one leaves by it. */
  fromNic: 1,
  /** Before the local table, which has this one on an ordinary host. */
  first: 0,
  branch: 10,
  localBehindBranches: 20,
  toPod: 512,
  primaryMark: 1024,
  externalService: 1535,
  fromPod: 1536,
  fromEni: 32765,
} as const;

/** Route table of the primary ENI. */
export const MAIN_TABLE = 254;

/** The table in which the kernel keeps the addresses of the host itself. */
export const LOCAL_TABLE = 255;

/** Routing protocol number of rules that the kernel made by itself (RTPROT_KERNEL). */
export const KERNEL_PROTOCOL = 2;

/** Tables from here on are the kernel's own: default, main and local. */
const FIRST_TABLE_OF_KERNEL = 253;

/**
 * The route table of a branch ENI: its VLAN id and 100, as upstream has it. Where that is a table of the kernel, which
 * upstream fills all the same, one that nobody has.
 */
export function branchTableOf(vlanId: number): number {
  const table = vlanId + 100;
  return table >= FIRST_TABLE_OF_KERNEL && table <= LOCAL_TABLE ? table + 5000 : table;
}

/** The gateway every pod sees; it is nowhere configured, the pod has a permanent neighbour entry for it. */
export const POD_GATEWAY: { readonly ipv4: Ipv4Address; readonly ipv6: Ipv6Address } = {
  ipv4: parseIpv4('169.254.1.1'),
  ipv6: parseIpv6('fe80::1'),
};

/** The gateway of a further interface of a pod, counted from 1: each has its own, for a route to it names one link. */
export function furtherGateway(family: IpFamily, index: number): IpAddress {
  return family === 'ipv4' ? parseIpv4(`169.254.1.${index + 1}`) : parseIpv6(`fe80::${(index + 1).toString(16)}`);
}

/** The address under which a VPC's router answers on every ENI; upstream gives it to secondary ENIs. */
export const VPC_ROUTER_IPV6: Ipv6Address = parseIpv6('fe80:ec2::1');

/**
 * The route table of an ENI's traffic: main for device 0 of card 0, `device + 1` on card 0, else
 * `10000 + 100·card + device` as amazon-ec2-net-utils numbers them.
 */
export function routeTableOf(place: { readonly card: number; readonly device: number }): number {
  if (place.card > 0) return 10_000 + 100 * place.card + place.device;
  return place.device === 0 ? MAIN_TABLE : place.device + 1;
}
