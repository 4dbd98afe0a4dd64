import { familyOf, type IpAddress, type IpCidr, type IpFamily, type MacAddress } from '../../addr/index.ts';
import { PROTOCOL, type Route, type Rule, type VethPair, type VlanLink } from '../../dataplane/index.ts';
import { addressBytes, macBytes } from './address-bytes.ts';
import { type Attribute, type NetlinkRequest, u32, zeroTerminated } from './codec.ts';
import {
  AF,
  FR_ACT_TO_TBL,
  FRA,
  IFA,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFF_UP,
  IFLA,
  IFLA_INFO,
  NDA,
  NLM_F,
  NUD_PERMANENT,
  RT_SCOPE,
  RT_TABLE_UNSPEC,
  RTA,
  RTEXT_FILTER_SKIP_STATS,
  RTM,
  RTN_UNICAST,
  VETH_INFO_PEER,
  VLAN_INFO_ID,
} from './constants.ts';

/** `struct ifinfomsg`: family, type, index, flags, change mask. */
function linkHeader(fields: { readonly index?: number; readonly up?: true } = {}): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, fields.index ?? 0, true);
  if (fields.up) {
    view.setUint32(8, IFF_UP, true);
    view.setUint32(12, IFF_UP, true);
  }
  return bytes;
}

const WITHOUT_STATS: Attribute = { type: IFLA.EXT_MASK, value: u32(RTEXT_FILTER_SKIP_STATS) };

/** A link by name. */
export function getLink(name: string): NetlinkRequest {
  return {
    type: RTM.GETLINK,
    flags: 0,
    header: linkHeader(),
    attributes: [{ type: IFLA.IFNAME, value: zeroTerminated(name) }, WITHOUT_STATS],
  };
}

/** Changes to an existing link. */
export function setLink(change: {
  readonly index: number;
  readonly mtu?: number | undefined;
  readonly up?: true | undefined;
  readonly group?: number | undefined;
  readonly alias?: string | undefined;
  readonly mac?: MacAddress | undefined;
}): NetlinkRequest {
  const attributes: Attribute[] = [];
  if (change.mtu !== undefined) attributes.push({ type: IFLA.MTU, value: u32(change.mtu) });
  if (change.group !== undefined) attributes.push({ type: IFLA.GROUP, value: u32(change.group) });
  if (change.mac !== undefined) attributes.push({ type: IFLA.ADDRESS, value: macBytes(change.mac) });
  // Without a closing zero, which the kernel would count against the 255 bytes.
  if (change.alias !== undefined) attributes.push({ type: IFLA.IFALIAS, value: Buffer.from(change.alias) });
  return {
    type: RTM.NEWLINK,
    flags: 0,
    header: linkHeader({ index: change.index, ...(change.up ? { up: true } : {}) }),
    attributes,
  };
}

/** Removes one link, or with `group` every link of that group. */
export function deleteLink(which: { readonly index: number } | { readonly group: number }): NetlinkRequest {
  if ('index' in which) return { type: RTM.DELLINK, flags: 0, header: linkHeader(which), attributes: [] };
  return {
    type: RTM.DELLINK,
    flags: 0,
    header: linkHeader(),
    attributes: [{ type: IFLA.GROUP, value: u32(which.group) }],
  };
}

/**
 * Makes the pair in one request with the container end born in the namespace behind `netnsFd`: making it on one side
 * and moving an end costs an RCU grace period. Each end gets its MTU: the kernel copies it to neither. And one queue: it would
 * make one per processor each way, with folders in sysfs for all, and use none without a queueing discipline (drivers/net/veth.c).
 */
export function createVeth(pair: VethPair, netnsFd: number): NetlinkRequest {
  const end = (side: VethPair['host']): readonly Attribute[] => [
    { type: IFLA.IFNAME, value: zeroTerminated(side.name) },
    { type: IFLA.ADDRESS, value: macBytes(side.mac) },
    { type: IFLA.MTU, value: u32(pair.mtu) },
    { type: IFLA.NUM_TX_QUEUES, value: u32(1) },
    { type: IFLA.NUM_RX_QUEUES, value: u32(1) },
  ];
  const peer = encodePeer([...end(pair.container), { type: IFLA.NET_NS_FD, value: u32(netnsFd) }]);
  return {
    type: RTM.NEWLINK,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    header: linkHeader(),
    attributes: [
      ...end(pair.host),
      {
        type: IFLA.LINKINFO,
        value: [
          { type: IFLA_INFO.KIND, value: zeroTerminated('veth') },
          { type: IFLA_INFO.DATA, value: [{ type: VETH_INFO_PEER, value: peer }] },
        ],
      },
    ],
  };
}

/** Makes the link of a VLAN on the link with index `parent`, whose MTU it gets. */
export function createVlan(vlan: VlanLink, parent: number): NetlinkRequest {
  return {
    type: RTM.NEWLINK,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    header: linkHeader(),
    attributes: [
      { type: IFLA.IFNAME, value: zeroTerminated(vlan.name) },
      { type: IFLA.LINK, value: u32(parent) },
      { type: IFLA.ADDRESS, value: macBytes(vlan.mac) },
      {
        type: IFLA.LINKINFO,
        value: [
          { type: IFLA_INFO.KIND, value: zeroTerminated('vlan') },
          { type: IFLA_INFO.DATA, value: [{ type: VLAN_INFO_ID, value: u32(vlan.id).subarray(0, 2) }] },
        ],
      },
    ],
  };
}

/** VETH_INFO_PEER carries a link header and then flat attributes, so it is encoded as bytes here. */
function encodePeer(attributes: readonly Attribute[]): Uint8Array {
  const header = linkHeader();
  const parts = attributes.map(({ type, value }) => {
    const raw = value instanceof Uint8Array ? value : new Uint8Array();
    const bytes = new Uint8Array((4 + raw.length + 3) & ~3);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 4 + raw.length, true);
    view.setUint16(2, type, true);
    bytes.set(raw, 4);
    return bytes;
  });
  return new Uint8Array(Buffer.concat([header, ...parts]));
}

const numberOf = (family: IpFamily): number => (family === 'ipv4' ? AF.INET : AF.INET6);

/**
 * Adds or removes an address; the kernel makes no connected route for it, routes are ours to place, and does not look for
 * another owner of an IPv6 one, which would take a second or two.
 */
export function changeAddress(verb: 'add' | 'remove', index: number, address: IpCidr): NetlinkRequest {
  const header = new Uint8Array(8);
  const family = familyOf(address.address);
  header[0] = numberOf(family);
  header[1] = address.prefixLength;
  new DataView(header.buffer).setUint32(4, index, true);
  const own: readonly Attribute[] = [
    { type: IFA.LOCAL, value: addressBytes(address.address) },
    { type: IFA.ADDRESS, value: addressBytes(address.address) },
  ];
  if (verb === 'remove') return { type: RTM.DELADDR, flags: 0, header, attributes: own };
  const flags = IFA_F_NOPREFIXROUTE | (family === 'ipv4' ? 0 : IFA_F_NODAD);
  return {
    type: RTM.NEWADDR,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    header,
    attributes: [...own, { type: IFA.FLAGS, value: u32(flags) }],
  };
}

/** Replaces or removes a route on the link with `index`; a removal matches nobody else's, and ours of any scope. */
export function changeRoute(verb: 'replace' | 'remove', index: number, route: Route): NetlinkRequest {
  const header = new Uint8Array(12);
  header[0] = numberOf(familyOf(route.destination.address));
  header[1] = route.destination.prefixLength;
  header[4] = route.table < 256 ? route.table : RT_TABLE_UNSPEC;
  header[5] = PROTOCOL;
  header[6] = verb === 'remove' ? RT_SCOPE.NOWHERE : route.gateway === undefined ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE;
  header[7] = RTN_UNICAST;
  const attributes: Attribute[] = [
    { type: RTA.TABLE, value: u32(route.table) },
    { type: RTA.OIF, value: u32(index) },
  ];
  if (route.destination.prefixLength > 0)
    attributes.push({ type: RTA.DST, value: addressBytes(route.destination.address) });
  if (route.metric !== undefined) attributes.push({ type: RTA.PRIORITY, value: u32(route.metric) });
  if (route.gateway !== undefined) attributes.push({ type: RTA.GATEWAY, value: addressBytes(route.gateway) });
  return verb === 'replace'
    ? { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.REPLACE, header, attributes }
    : { type: RTM.DELROUTE, flags: 0, header, attributes };
}

/** The route that a packet to this address would take. */
export function getRoute(address: IpAddress): NetlinkRequest {
  const header = new Uint8Array(12);
  const value = addressBytes(address);
  header[0] = numberOf(familyOf(address));
  header[1] = 8 * value.length;
  return { type: RTM.GETROUTE, flags: 0, header, attributes: [{ type: RTA.DST, value }] };
}

/**
 * Adds or removes a rule tagged with our protocol; a removal matches nobody else's. Added beside, it goes behind the same
 * rule of others. A removal by protocol 0 takes the first such rule, whoever made it.
 */
export function changeRule(verb: 'add' | 'add-beside' | 'remove', rule: Rule, protocol = PROTOCOL): NetlinkRequest {
  const header = new Uint8Array(12);
  const { address } = rule.to ?? rule.from ?? {};
  header[0] = address === undefined ? AF.INET : numberOf(familyOf(address));
  header[1] = rule.to?.prefixLength ?? 0;
  header[2] = rule.from?.prefixLength ?? 0;
  header[4] = rule.table < 256 ? rule.table : RT_TABLE_UNSPEC;
  header[7] = FR_ACT_TO_TBL;
  const attributes: Attribute[] = [
    { type: FRA.PRIORITY, value: u32(rule.priority) },
    { type: FRA.TABLE, value: u32(rule.table) },
  ];
  if (protocol !== 0) attributes.push({ type: FRA.PROTOCOL, value: Uint8Array.of(protocol) });
  if (rule.to !== undefined) attributes.push({ type: FRA.DST, value: addressBytes(rule.to.address) });
  if (rule.from !== undefined) attributes.push({ type: FRA.SRC, value: addressBytes(rule.from.address) });
  if (rule.mark !== undefined)
    attributes.push(
      { type: FRA.FWMARK, value: u32(rule.mark.value) },
      { type: FRA.FWMASK, value: u32(rule.mark.mask) },
    );
  if (rule.input !== undefined) attributes.push({ type: FRA.IIFNAME, value: zeroTerminated(rule.input) });
  if (rule.ipProtocol !== undefined) attributes.push({ type: FRA.IP_PROTO, value: Uint8Array.of(rule.ipProtocol) });
  if (verb === 'remove') return { type: RTM.DELRULE, flags: 0, header, attributes };
  const flags = verb === 'add' ? NLM_F.CREATE | NLM_F.EXCL : NLM_F.CREATE;
  return { type: RTM.NEWRULE, flags, header, attributes };
}

/** A permanent neighbour entry: nobody has to ask who the pod or its gateway is. */
export function setNeighbour(entry: {
  readonly index: number;
  readonly address: IpAddress;
  readonly mac: MacAddress;
}): NetlinkRequest {
  const header = new Uint8Array(12);
  const view = new DataView(header.buffer);
  header[0] = numberOf(familyOf(entry.address));
  view.setInt32(4, entry.index, true);
  view.setUint16(8, NUD_PERMANENT, true);
  return {
    type: RTM.NEWNEIGH,
    flags: NLM_F.CREATE | NLM_F.REPLACE,
    header,
    attributes: [
      { type: NDA.DST, value: addressBytes(entry.address) },
      { type: NDA.LLADDR, value: macBytes(entry.mac) },
    ],
  };
}

/** A dump of one kind of object, of one family where the kind has families. */
export function dumpOf(
  kind: 'links' | 'addresses' | 'routes' | 'rules' | 'neighbours',
  of: IpFamily = 'ipv4',
): NetlinkRequest {
  const family = (bytes: number, value: number): Uint8Array => {
    const header = new Uint8Array(bytes);
    header[0] = value;
    return header;
  };
  switch (kind) {
    case 'links':
      return { type: RTM.GETLINK, flags: 0, header: family(16, AF.UNSPEC), attributes: [WITHOUT_STATS] };
    case 'addresses':
      return { type: RTM.GETADDR, flags: 0, header: family(8, numberOf(of)), attributes: [] };
    case 'routes':
      return { type: RTM.GETROUTE, flags: 0, header: family(12, numberOf(of)), attributes: [] };
    case 'rules':
      return { type: RTM.GETRULE, flags: 0, header: family(12, numberOf(of)), attributes: [] };
    case 'neighbours':
      return { type: RTM.GETNEIGH, flags: 0, header: family(12, numberOf(of)), attributes: [] };
    default:
      return kind satisfies never;
  }
}
