import type { IpAddress, IpFamily, Ipv4Address } from '../../addr/index.ts';
import { addressBytes, readIp } from './address-bytes.ts';
import { type Attribute, decodeAttributes, type NetlinkReply, type NetlinkRequest, u32 } from './codec.ts';
import { AF, CT, CTA, CTA_FILTER, CTA_IP, CTA_TUPLE_IP } from './constants.ts';

/**
 * What an address has to do with a connection: it began it, or it is who answers. That holds whatever NAT does: it changes
 * whom a connection goes to and as whom its answer is seen.
 */
export type Part = 'began' | 'answers';

/** Connections are told by their two tuples: of the first packet, and of the answer to it. */
const TUPLE: Readonly<Record<Part, number>> = { began: CTA.TUPLE_ORIG, answers: CTA.TUPLE_REPLY };

const ofConnections = (message: number): number => (CT.SUBSYSTEM << 8) | message;

/** `struct nfgenmsg`: family, version 0, nothing. */
function header(family: IpFamily): Uint8Array {
  return Uint8Array.of(family === 'ipv4' ? AF.INET : AF.INET6, 0, 0, 0);
}

/**
 * Removes every connection in which an IPv4 address has this part. A kernel before 6.8 takes it for one connection that is
 * not told in full, and refuses it. There is none for IPv6: kernels compare these addresses the wrong way round
 * (`ctnetlink_filter_match_tuple`, 5.8 to 6.18 at least), and would remove everybody else's.
 */
export function deleteConnections(part: Part, address: Ipv4Address): NetlinkRequest {
  const flags = (of: Part): Uint8Array => u32(of === part ? CTA_FILTER.COMPARE_SOURCE : 0);
  return {
    type: ofConnections(CT.DELETE),
    flags: 0,
    header: header('ipv4'),
    attributes: [
      {
        type: TUPLE[part],
        value: [{ type: CTA_TUPLE_IP, value: [{ type: CTA_IP.V4_SRC, value: addressBytes(address) }] }],
      },
      {
        type: CTA.FILTER,
        value: [
          { type: CTA_FILTER.ORIG_FLAGS, value: flags('began') },
          { type: CTA_FILTER.REPLY_FLAGS, value: flags('answers') },
        ],
      },
    ],
  };
}

/** Lists all of a family. */
export function listConnections(family: IpFamily): NetlinkRequest {
  return { type: ofConnections(CT.GET), flags: 0, header: header(family), attributes: [] };
}

/** A connection as the kernel tells of it. */
export interface Connection {
  readonly began: IpAddress | undefined;
  readonly answers: IpAddress | undefined;
  /** What names it to the kernel, this one and none that comes after it with the same addresses and ports. */
  readonly name: readonly Attribute[];
}

/** The connection in a message; `undefined` for another message. */
export function readConnection({ type, payload }: NetlinkReply): Connection | undefined {
  if (type !== ofConnections(CT.NEW)) return undefined;
  const attributes = decodeAttributes(payload, CT.HEADER_BYTES);
  const named = [CTA.TUPLE_ORIG, CTA.ID, CTA.ZONE].flatMap((key): readonly Attribute[] => {
    const value = attributes.get(key);
    return value === undefined ? [] : [{ type: key, value }];
  });
  return { began: sourceOf(attributes, 'began'), answers: sourceOf(attributes, 'answers'), name: named };
}

function sourceOf(attributes: ReadonlyMap<number, Uint8Array>, part: Part): IpAddress | undefined {
  const tuple = attributes.get(TUPLE[part]);
  const addresses = tuple === undefined ? undefined : decodeAttributes(tuple, 0).get(CTA_TUPLE_IP);
  if (addresses === undefined) return undefined;
  const ends = decodeAttributes(addresses, 0);
  return readIp(ends.get(CTA_IP.V4_SRC) ?? ends.get(CTA_IP.V6_SRC));
}

/** Removes one connection. */
export function deleteConnection(family: IpFamily, { name }: Connection): NetlinkRequest {
  return { type: ofConnections(CT.DELETE), flags: 0, header: header(family), attributes: name };
}
