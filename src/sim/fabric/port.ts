import {
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Address,
  type Ipv6Cidr,
  type MacAddress,
  subnetGateway,
} from '../../addr/index.ts';
import type { SimEni, SimInstance, SimSubnet } from '../model/types.ts';
import { portName } from './names.ts';

/** An ENI that a node has, as the fabric sees it: one link between the router and a node. */
export interface Port {
  readonly eniId: string;
  readonly instanceId: string;
  /** The router's end. */
  readonly name: string;
  /** Tells the port from every other, also from one the ENI had before on another node. */
  readonly number: number;
  readonly netns: string;
  /** The node's end; a branch ENI on a kernel with VLANs has none: whoever wants it makes a VLAN link there. */
  readonly ifName: string;
  readonly mac: MacAddress;
  /** Set on a branch ENI. */
  readonly branch: { readonly trunkEniId: string; readonly trunkPort: string; readonly vlanId: number } | undefined;
  /** The primary one first. */
  readonly addresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Addresses: readonly Ipv6Address[];
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
  readonly securityGroups: readonly string[];
  readonly sourceDestCheck: boolean;
  /** Hops an answer to a metadata token request survives. */
  readonly hopLimit: number;
  /** Set on device 0 only: what DHCP tells a booting instance, and the one address with a way to the IPv4 internet. */
  readonly dhcp: Dhcp | undefined;
}

/** What a booting instance is told. */
export interface Dhcp {
  readonly address: Ipv4Cidr;
  readonly gateway: Ipv4Address;
  readonly ipv6: Ipv6Address | undefined;
}

/** All ports by ENI id. */
export type Ports = ReadonlyMap<string, Port>;

/** What the fabric must know of the model to place an ENI. */
export interface Placement {
  findEni(eniId: string): SimEni | undefined;
  findInstance(instanceId: string): SimInstance | undefined;
  subnet(subnetId: string): SimSubnet;
  /** Network namespace of the instance; `undefined` while it has no machine. */
  netnsOf(instance: SimInstance): string | undefined;
  /** A number for the port of an ENI at a place. */
  numberOf(eniId: string, place: string): number;
}

/**
 * The port of an ENI as the model has it now; `undefined` for an ENI that no guest sees: not attached (yet, or any
 * more), on a trunk that is not, or `efa-only`, which has no network device.
 */
export function placePort(eni: SimEni, placement: Placement): Port | undefined {
  const { trunk, addresses } = eni;
  const trunkEni = trunk === undefined ? undefined : placement.findEni(trunk.trunkEniId);
  const { attachment } = trunk === undefined ? eni : (trunkEni ?? { attachment: undefined });
  const [primary] = addresses;
  if (attachment?.state !== 'attached' || primary === undefined) return undefined;
  const instance = placement.findInstance(attachment.instanceId);
  const netns = instance === undefined ? undefined : placement.netnsOf(instance);
  if (instance === undefined || netns === undefined) return undefined;
  const subnet = placement.subnet(eni.subnetId).cidr;
  const { deviceIndex, networkCardIndex } = attachment;
  const ifName = trunk === undefined ? linkName(attachment) : `br${trunk.vlanId}`;
  return {
    eniId: eni.id,
    instanceId: instance.id,
    name: portName(eni.id),
    number: placement.numberOf(eni.id, `${netns} ${ifName}`),
    netns,
    ifName,
    mac: eni.mac,
    branch:
      trunk === undefined
        ? undefined
        : { trunkEniId: trunk.trunkEniId, trunkPort: portName(trunk.trunkEniId), vlanId: trunk.vlanId },
    addresses,
    prefixes: eni.prefixes,
    ipv6Addresses: eni.ipv6Addresses,
    ipv6Prefixes: eni.ipv6Prefixes,
    securityGroups: eni.securityGroups,
    sourceDestCheck: eni.sourceDestCheck,
    hopLimit: instance.metadata.hopLimit,
    dhcp:
      trunk === undefined && deviceIndex === 0 && networkCardIndex === 0
        ? {
            address: { address: primary, prefixLength: subnet.prefixLength },
            gateway: subnetGateway(subnet),
            ipv6: eni.ipv6Addresses[0],
          }
        : undefined,
  };
}

/** Device numbers start anew on every network card; a guest numbers its links on. */
export function linkName(attachment: { readonly deviceIndex: number; readonly networkCardIndex: number }): string {
  return `eth${attachment.networkCardIndex * 100 + attachment.deviceIndex}`;
}
