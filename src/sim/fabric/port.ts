import { type Ipv4Address, type Ipv4Cidr, type MacAddress, subnetGateway } from '../../addr/index.ts';
import type { SimEni, SimEvent } from '../model/types.ts';
import { portName } from './names.ts';

/** An attached ENI as the fabric sees it: one link between the router and a node. */
export interface Port {
  readonly eniId: string;
  readonly instanceId: string;
  /** The router's end. */
  readonly name: string;
  readonly netns: string;
  /** The node's end. */
  readonly ifName: string;
  readonly mac: MacAddress;
  readonly addresses: readonly Ipv4Address[];
  /** Set on device 0 only: what DHCP tells a booting instance, and the one address with a way to the internet. */
  readonly dhcp: { readonly address: Ipv4Cidr; readonly gateway: Ipv4Address } | undefined;
}

/** All ports by ENI id. */
export type Ports = ReadonlyMap<string, Port>;

/** What the fabric must know of the model to place an ENI. */
export interface Placement {
  /** Network namespace of the instance. */
  netnsOf(instanceId: string): string;
  subnetCidr(subnetId: string): Ipv4Cidr;
}

/** An event whose ENI has found its place. */
export type PortEvent =
  | { readonly kind: 'present'; readonly port: Port }
  | { readonly kind: 'gone'; readonly eniId: string }
  | { readonly kind: 'instance-gone'; readonly instanceId: string };

/** Resolves a model event at the moment it is emitted: later the instance may already be terminated. */
export function placeEvent(event: SimEvent, placement: Placement): readonly PortEvent[] {
  switch (event.kind) {
    case 'eni-attached':
    case 'eni-changed': {
      const port = placePort(event.eni, placement);
      return port === undefined ? [] : [{ kind: 'present', port }];
    }
    case 'eni-detached':
      return [{ kind: 'gone', eniId: event.eni.id }];
    case 'instance-terminated':
      return [{ kind: 'instance-gone', instanceId: event.instance.id }];
    case 'eni-deleted':
    case 'instance-launched':
    case 'instance-changed':
    case 'instance-rebooted':
    case 'group-changed':
    case 'group-deleted':
    case 'vpc-changed':
      return [];
    default:
      return event satisfies never;
  }
}

/** An ENI that is not attached (yet, or any more) has no link: its address changes reach nobody. */
function placePort(eni: SimEni, placement: Placement): Port | undefined {
  const { attachment } = eni;
  if (attachment === undefined || attachment.state !== 'attached') return undefined;
  const [primary] = eni.addresses;
  const subnet = placement.subnetCidr(eni.subnetId);
  return {
    eniId: eni.id,
    instanceId: attachment.instanceId,
    name: portName(eni.id),
    netns: placement.netnsOf(attachment.instanceId),
    ifName: `eth${attachment.deviceIndex}`,
    mac: eni.mac,
    addresses: eni.addresses,
    dhcp:
      attachment.deviceIndex === 0 && primary !== undefined
        ? { address: { address: primary, prefixLength: subnet.prefixLength }, gateway: subnetGateway(subnet) }
        : undefined,
  };
}

/** The ports after an event. */
export function foldEvent(ports: Ports, event: PortEvent): Ports {
  const next = new Map(ports);
  switch (event.kind) {
    case 'present':
      next.set(event.port.eniId, event.port);
      break;
    case 'gone':
      next.delete(event.eniId);
      break;
    case 'instance-gone':
      for (const port of ports.values()) if (port.instanceId === event.instanceId) next.delete(port.eniId);
      break;
    default:
      return event satisfies never;
  }
  return next;
}
