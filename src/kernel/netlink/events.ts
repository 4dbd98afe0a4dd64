import type { MacAddress } from '../../addr/index.ts';
import { readMac } from './address-bytes.ts';
import { decodeAttributes, decodeReplies, type NetlinkReply, readString, readU32 } from './codec.ts';
import { AF, ALL_FLAGS, FRA, IFF_UP, IFLA, NETCONFA, NFT, NLM_F, RT_SCOPE, RTM } from './constants.ts';

/** Something that has happened in the network of a namespace. `unclear`: something has, and the message does not say what. */
export type NetworkEvent =
  | {
      readonly kind: 'link';
      readonly gone: boolean;
      /** Somebody has just set it down. */
      readonly fell: boolean;
      readonly name: string;
      readonly mac: MacAddress | undefined;
      readonly group: number;
      readonly alias: string | undefined;
    }
  | { readonly kind: 'address'; readonly gone: boolean; readonly index: number }
  | { readonly kind: 'rule'; readonly gone: boolean; readonly protocol: number }
  /** `replaced`: it took the place of another one, of which nothing else is told. */
  | { readonly kind: 'route'; readonly gone: boolean; readonly protocol: number; readonly replaced: boolean }
  | { readonly kind: 'neighbour'; readonly gone: boolean; readonly index: number }
  /**
   * Of the link with this index; negative: of the whole host. Forwarding and reverse path filtering only. `stops`: IPv4
   * packets that come in there are not forwarded any more.
   */
  | { readonly kind: 'sysctl'; readonly index: number; readonly stops: boolean }
  | { readonly kind: 'unclear' };

const LINK_ATTRIBUTES: ReadonlySet<number> = new Set([IFLA.IFNAME, IFLA.ADDRESS, IFLA.GROUP, IFLA.IFALIAS]);
const RULE_ATTRIBUTES: ReadonlySet<number> = new Set([FRA.PROTOCOL]);

const view = (payload: Uint8Array): DataView => new DataView(payload.buffer, payload.byteOffset, payload.byteLength);

function linkEvent({ type, payload }: NetlinkReply): NetworkEvent {
  const attributes = decodeAttributes(payload, 16, LINK_ATTRIBUTES);
  const header = view(payload);
  const changed = header.getUint32(12, true);
  return {
    kind: 'link',
    gone: type === RTM.DELLINK,
    fell: changed !== ALL_FLAGS && (changed & IFF_UP) !== 0 && (header.getUint32(8, true) & IFF_UP) === 0,
    name: readString(attributes.get(IFLA.IFNAME)) ?? '',
    mac: readMac(attributes.get(IFLA.ADDRESS)),
    group: readU32(attributes.get(IFLA.GROUP)) ?? 0,
    alias: readString(attributes.get(IFLA.IFALIAS)),
  };
}

function eventOf(reply: NetlinkReply): readonly NetworkEvent[] {
  const { type, flags, payload } = reply;
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return [linkEvent(reply)];
    case RTM.NEWADDR:
    case RTM.DELADDR:
      // Each pod's pair gets a link-local address, and nobody else's address is one.
      if (payload[3] === RT_SCOPE.LINK) return [];
      if (payload.length < 8) return [{ kind: 'unclear' }];
      return [{ kind: 'address', gone: type === RTM.DELADDR, index: view(payload).getInt32(4, true) }];
    case RTM.NEWRULE:
    case RTM.DELRULE: {
      const protocol = decodeAttributes(payload, 12, RULE_ATTRIBUTES).get(FRA.PROTOCOL)?.[0] ?? 0;
      return [{ kind: 'rule', gone: type === RTM.DELRULE, protocol }];
    }
    case RTM.NEWROUTE:
    case RTM.DELROUTE: {
      const gone = type === RTM.DELROUTE;
      const replaced = !gone && (flags & NLM_F.REPLACE) !== 0;
      return [{ kind: 'route', gone, protocol: payload[5] ?? 0, replaced }];
    }
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH:
      if (payload.length < 12) return [{ kind: 'unclear' }];
      return [{ kind: 'neighbour', gone: type === RTM.DELNEIGH, index: view(payload).getInt32(4, true) }];
    case RTM.NEWNETCONF: {
      // Family alone is the header; of a new link all values are told, of a change only the one that changed.
      const attributes = decodeAttributes(payload, 4);
      const index = readU32(attributes.get(NETCONFA.IFINDEX));
      if (attributes.size > 2 || index === undefined) return [];
      const stops = payload[0] === AF.INET && readU32(attributes.get(NETCONFA.FORWARDING)) === 0;
      return [{ kind: 'sysctl', index: index | 0, stops }];
    }
    default:
      return [];
  }
}

/**
 * The events in what a subscribed socket has received, without those that the socket with number `own` has caused. A
 * piece that cannot be read says no more than that it came.
 */
export function readEvents(received: Uint8Array, own?: number): readonly NetworkEvent[] {
  try {
    return decodeReplies(received)
      .filter(({ port }) => own === undefined || port !== own)
      .flatMap(eventOf);
  } catch {
    return [{ kind: 'unclear' }];
  }
}

/** The nftables tables in which something has changed; `undefined` for a piece that cannot be read. */
export function readChangedTables(received: Uint8Array): ReadonlySet<string> | undefined {
  try {
    const tables = decodeReplies(received)
      .filter(({ type }) => type >> 8 === NFT.SUBSYSTEM && (type & 0xff) !== NFT.NEWGEN)
      .flatMap(({ payload }) => readString(decodeAttributes(payload, NFT.HEADER_BYTES).get(NFT.ATTR_TABLE)) ?? []);
    return new Set(tables);
  } catch {
    return undefined;
  }
}
