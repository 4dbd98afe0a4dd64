import { anywhere, type IpAddress, type IpCidr, isIpv6Address, type MacAddress } from '../../addr/index.ts';
import type { Link, Rule } from '../../dataplane/index.ts';
import { readIp, readMac } from './address-bytes.ts';
import { decodeAttributes, type NetlinkReply, readString, readU32 } from './codec.ts';
import {
  AF,
  FIB_RULE_INVERT,
  FR_ACT_TO_TBL,
  FRA,
  IFA,
  IFA_F_NOPREFIXROUTE,
  IFF_UP,
  IFLA,
  NDA,
  NUD_PERMANENT,
  RTA,
  RTM,
  RTN_UNICAST,
} from './constants.ts';

const view = (payload: Uint8Array): DataView => new DataView(payload.buffer, payload.byteOffset, payload.byteLength);

/** The network of an address in a message. */
function networkAt(address: IpAddress, prefixLength: number): IpCidr {
  return isIpv6Address(address) ? { address, prefixLength } : { address, prefixLength };
}

const isOfIp = ({ payload }: NetlinkReply): boolean => payload[0] === AF.INET || payload[0] === AF.INET6;
/** Everywhere, in the family of the message. */
const everywhere = ({ payload }: NetlinkReply): IpCidr => anywhere(payload[0] === AF.INET6 ? 'ipv6' : 'ipv4');

const LINK_ATTRIBUTES: ReadonlySet<number> = new Set([IFLA.IFNAME, IFLA.ADDRESS, IFLA.MTU, IFLA.GROUP, IFLA.IFALIAS]);

/** The link in an RTM_NEWLINK message; `undefined` for another message or one without a name. */
export function readLink(reply: NetlinkReply): Link | undefined {
  if (reply.type !== RTM.NEWLINK) return undefined;
  const attributes = decodeAttributes(reply.payload, 16, LINK_ATTRIBUTES);
  const name = readString(attributes.get(IFLA.IFNAME));
  if (name === undefined) return undefined;
  const header = view(reply.payload);
  return {
    index: header.getInt32(4, true),
    name,
    mac: readMac(attributes.get(IFLA.ADDRESS)),
    mtu: readU32(attributes.get(IFLA.MTU)) ?? 0,
    up: (header.getUint32(8, true) & IFF_UP) !== 0,
    group: readU32(attributes.get(IFLA.GROUP)) ?? 0,
    alias: readString(attributes.get(IFLA.IFALIAS)),
  };
}

/** The indexes of the link this one stands on (a VLAN's parent) and of the one it is a port of (a bridge, a bond). */
export interface LinkPlace {
  readonly index: number;
  readonly parent: number | undefined;
  readonly master: number | undefined;
}

const PLACE_ATTRIBUTES: ReadonlySet<number> = new Set([IFLA.LINK, IFLA.MASTER, IFLA.LINK_NETNSID]);

/** Where the link in an RTM_NEWLINK message stands. */
export function readLinkPlace(reply: NetlinkReply): LinkPlace {
  const attributes = decodeAttributes(reply.payload, 16, PLACE_ATTRIBUTES);
  return {
    index: view(reply.payload).getInt32(4, true),
    // The number of a link in another namespace, such as the other end of a veth pair, may also be one of ours.
    parent: attributes.has(IFLA.LINK_NETNSID) ? undefined : readU32(attributes.get(IFLA.LINK)),
    master: readU32(attributes.get(IFLA.MASTER)),
  };
}

/** The index of the other end of the veth in an RTM_NEWLINK message, where that is in another namespace. */
export function readPeerIndex(reply: NetlinkReply): number | undefined {
  const attributes = decodeAttributes(reply.payload, 16, PLACE_ATTRIBUTES);
  return attributes.has(IFLA.LINK_NETNSID) ? readU32(attributes.get(IFLA.LINK)) : undefined;
}

/** An address with the index of its link. */
export interface AddressFact {
  readonly index: number;
  readonly address: IpCidr;
  /** The kernel made the connected route of this address. */
  readonly connected: boolean;
}

/** The address in an RTM_NEWADDR message; one with a peer (point-to-point) is none of ours. */
export function readAddress(reply: NetlinkReply): AddressFact | undefined {
  if (reply.type !== RTM.NEWADDR) return undefined;
  const attributes = decodeAttributes(reply.payload, 8);
  const address = readIp(attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS));
  const peer = readIp(attributes.get(IFA.ADDRESS));
  if (address === undefined || (peer !== undefined && peer !== address)) return undefined;
  const flags = readU32(attributes.get(IFA.FLAGS)) ?? reply.payload[2] ?? 0;
  return {
    index: view(reply.payload).getUint32(4, true),
    address: networkAt(address, reply.payload[1] ?? 0),
    connected: (flags & IFA_F_NOPREFIXROUTE) === 0,
  };
}

/** A unicast route with the index of its link and the protocol that made it. */
export interface RouteFact {
  readonly index: number;
  readonly table: number;
  readonly protocol: number;
  readonly destination: IpCidr;
  readonly gateway: IpAddress | undefined;
}

/** The unicast route in an RTM_NEWROUTE message; multipath and cached routes are none of ours. */
export function readRoute(reply: NetlinkReply): RouteFact | undefined {
  if (reply.type !== RTM.NEWROUTE || !isOfIp(reply)) return undefined;
  const attributes = decodeAttributes(reply.payload, 12);
  const index = readU32(attributes.get(RTA.OIF));
  if (reply.payload[7] !== RTN_UNICAST || index === undefined) return undefined;
  const destination = readIp(attributes.get(RTA.DST));
  return {
    index,
    table: readU32(attributes.get(RTA.TABLE)) ?? reply.payload[4] ?? 0,
    protocol: reply.payload[5] ?? 0,
    destination: destination === undefined ? everywhere(reply) : networkAt(destination, reply.payload[1] ?? 0),
    gateway: readIp(attributes.get(RTA.GATEWAY)),
  };
}

/** A rule with the protocol that made it. */
export interface RuleFact {
  readonly rule: Rule;
  readonly protocol: number;
  /** Whether it has no other selectors than those in `rule`. */
  readonly plain: boolean;
}

const OTHER_SELECTORS = [
  FRA.OIFNAME,
  FRA.FLOW,
  FRA.TUN_ID,
  FRA.SUPPRESS_IFGROUP,
  FRA.L3MDEV,
  FRA.UID_RANGE,
  FRA.SPORT_RANGE,
  FRA.DPORT_RANGE,
] as const;

/** The kernel tells a prefix length to be suppressed of every rule, -1 when there is none. */
const NO_SUPPRESSION = 0xffffffff;

function isPlain(header: DataView, attributes: ReadonlyMap<number, Uint8Array>): boolean {
  return (
    header.getUint8(3) === 0 &&
    (header.getUint32(8, true) & FIB_RULE_INVERT) === 0 &&
    (readU32(attributes.get(FRA.SUPPRESS_PREFIXLEN)) ?? NO_SUPPRESSION) === NO_SUPPRESSION &&
    OTHER_SELECTORS.every((selector) => !attributes.has(selector))
  );
}

/** The lookup rule in an RTM_NEWRULE message; other actions (goto, blackhole) are none of ours. */
export function readRule(reply: NetlinkReply): RuleFact | undefined {
  if (reply.type !== RTM.NEWRULE || !isOfIp(reply) || reply.payload[7] !== FR_ACT_TO_TBL) return undefined;
  const attributes = decodeAttributes(reply.payload, 12);
  const to = readIp(attributes.get(FRA.DST));
  const source = readIp(attributes.get(FRA.SRC));
  // A rule of IPv6 says that it is one.
  const unnamed = to === undefined && reply.payload[0] === AF.INET6 ? everywhere(reply) : undefined;
  const from = source === undefined ? unnamed : networkAt(source, reply.payload[2] ?? 0);
  const value = readU32(attributes.get(FRA.FWMARK));
  const mask = readU32(attributes.get(FRA.FWMASK));
  const input = readString(attributes.get(FRA.IIFNAME));
  const ipProtocol = attributes.get(FRA.IP_PROTO)?.[0];
  return {
    protocol: attributes.get(FRA.PROTOCOL)?.[0] ?? 0,
    plain: isPlain(view(reply.payload), attributes),
    rule: {
      priority: readU32(attributes.get(FRA.PRIORITY)) ?? 0,
      table: readU32(attributes.get(FRA.TABLE)) ?? reply.payload[4] ?? 0,
      ...(to === undefined ? {} : { to: networkAt(to, reply.payload[1] ?? 0) }),
      ...(from === undefined ? {} : { from }),
      // The kernel leaves out a mark of zero, but not its mask.
      ...(value === undefined && mask === undefined ? {} : { mark: { value: value ?? 0, mask: mask ?? 0xffffffff } }),
      ...(input === undefined ? {} : { input }),
      ...(ipProtocol === undefined ? {} : { ipProtocol }),
    },
  };
}

/** A neighbour entry with the index of its link. */
export interface NeighbourFact {
  readonly index: number;
  readonly address: IpAddress;
  readonly mac: MacAddress | undefined;
  /** Somebody has set it, and it stays. */
  readonly permanent: boolean;
}

/** The neighbour in an RTM_NEWNEIGH message. */
export function readNeighbour(reply: NetlinkReply): NeighbourFact | undefined {
  if (reply.type !== RTM.NEWNEIGH) return undefined;
  const attributes = decodeAttributes(reply.payload, 12);
  const address = readIp(attributes.get(NDA.DST));
  if (address === undefined) return undefined;
  const header = view(reply.payload);
  return {
    index: header.getInt32(4, true),
    address,
    mac: readMac(attributes.get(NDA.LLADDR)),
    permanent: (header.getUint16(8, true) & NUD_PERMANENT) !== 0,
  };
}
