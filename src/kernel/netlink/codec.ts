/** Netlink messages as bytes and back. Pure. Every length the kernel states is checked before it is used. */
import { HostError } from '../../errors/index.ts';

/** One attribute: bytes, or attributes nested in it. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array | readonly Attribute[];
}

/** A request: message type, NLM_F flags, the fixed header of its family and the attributes behind it. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly header: Uint8Array;
  readonly attributes: readonly Attribute[];
}

/** A message as received; `payload` starts behind the 16-byte netlink header. */
export interface NetlinkReply {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Of a notification: the socket that asked for the change, 0 where it is not known. */
  readonly port: number;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 16;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const align = (length: number): number => (length + 3) & ~3;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Four bytes, little-endian (netlink speaks the host's order, and both our architectures are little-endian). */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** A string with its closing zero byte, as IFLA_IFNAME wants it. */
export function zeroTerminated(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}

function attributeLength(attribute: Attribute): number {
  const { value } = attribute;
  if (value instanceof Uint8Array) return 4 + value.length;
  return 4 + value.reduce((sum, inner) => sum + align(attributeLength(inner)), 0);
}

function writeAttribute(view: DataView, at: number, attribute: Attribute): number {
  const length = attributeLength(attribute);
  const { value } = attribute;
  view.setUint16(at, length, true);
  if (value instanceof Uint8Array) {
    view.setUint16(at + 2, attribute.type, true);
    new Uint8Array(view.buffer, at + 4, value.length).set(value);
  } else {
    view.setUint16(at + 2, attribute.type | NLA_F_NESTED, true);
    let inner = at + 4;
    for (const child of value) inner = writeAttribute(view, inner, child);
  }
  return at + align(length);
}

/** The requests as one buffer, numbered from `sequence` upward. */
export function encodeRequests(requests: readonly NetlinkRequest[], sequence: number): Uint8Array {
  const lengths = requests.map(
    (request) =>
      HEADER_BYTES +
      align(request.header.length) +
      request.attributes.reduce((sum, attribute) => sum + align(attributeLength(attribute)), 0),
  );
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + align(length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  requests.forEach((request, index) => {
    const length = lengths[index] ?? 0;
    view.setUint32(at, length, true);
    view.setUint16(at + 4, request.type, true);
    view.setUint16(at + 6, request.flags, true);
    view.setUint32(at + 8, sequence + index, true);
    bytes.set(request.header, at + HEADER_BYTES);
    let inner = at + HEADER_BYTES + align(request.header.length);
    for (const attribute of request.attributes) inner = writeAttribute(view, inner, attribute);
    at += align(length);
  });
  return bytes;
}

/** Throws `NETLINK`: bytes of the kernel that break its own format. */
export function malformed(what: string): never {
  throw new HostError('NETLINK', { action: 'answer in its own format', errno: what });
}

/** The messages of one datagram. Throws `NETLINK` when a stated length does not fit. */
export function decodeReplies(datagram: Uint8Array): readonly NetlinkReply[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const replies: NetlinkReply[] = [];
  let at = 0;
  while (at < datagram.length) {
    if (datagram.length - at < HEADER_BYTES) malformed(`${datagram.length - at} bytes are left, a header takes 16`);
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || length > datagram.length - at) malformed(`a message states ${length} bytes`);
    replies.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: datagram.slice(at + HEADER_BYTES, at + length),
    });
    at += align(length);
  }
  return replies;
}

/**
 * The attributes behind a fixed header of `from` bytes, by type; of a repeated type the last one counts. `only` leaves
 * out all others: a link has some sixty.
 */
export function decodeAttributes(
  payload: Uint8Array,
  from: number,
  only?: ReadonlySet<number>,
): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  if (payload.length < from) malformed(`a payload of ${payload.length} bytes, its header takes ${from}`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = align(from);
  while (at < payload.length) {
    if (payload.length - at < 4) malformed(`${payload.length - at} bytes are left, an attribute takes 4`);
    const length = view.getUint16(at, true);
    if (length < 4 || length > payload.length - at) malformed(`an attribute states ${length} bytes`);
    const type = view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    if (only === undefined || only.has(type)) attributes.set(type, payload.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

/** The unsigned number in a four-byte attribute; `undefined` when it is absent or shorter. */
export function readU32(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined || bytes.length < 4) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

/** The text of a string attribute up to its first zero byte; `undefined` when it is absent. */
export function readString(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
