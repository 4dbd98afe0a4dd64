import { gunzipSync } from 'node:zlib';

/** The most a document may hold once unpacked. EC2 takes 16 KiB packed; a bomb must not fill the memory of a node. */
const MOST_UNPACKED = 1024 * 1024;

// base64 of gzip of base64 is as deep as tools are known to nest; deeper is nobody's.
const MOST_LAYERS = 4;

/** What was unpacked, and why it could not be unpacked further. */
export interface Unpacked {
  readonly bytes: Uint8Array;
  /** How many layers came off: with any, lines are no longer those of the document outside. */
  readonly layers: number;
  readonly problem?: string;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The text of UTF-8 bytes without its byte order mark; `undefined` when it is no such text. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The bytes of base64 text with or without line ends; `undefined` for anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  const dense = text.replace(/\s+/g, '');
  return dense.length % 4 === 0 && BASE64.test(dense) ? Buffer.from(dense, 'base64') : undefined;
}

function isText(bytes: Uint8Array): boolean {
  const text = utf8Text(bytes);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells binary from text
  return text !== undefined && !/[\x00-\x08\x0e-\x1f]/.test(text);
}

/** Base64 is text as well: it is taken for base64 only when something readable or packed is inside. */
function insideBase64(bytes: Uint8Array): Uint8Array | undefined {
  const inside = fromBase64(Buffer.from(bytes).toString('latin1'));
  return inside !== undefined && (isGzip(inside) || isText(inside)) ? inside : undefined;
}

/** Takes off gzip and base64, in any order, as tools apply them to user data and to its parts. Never throws. */
export function unpack(packed: Uint8Array): Unpacked {
  let bytes = packed;
  for (let layers = 0; ; layers += 1) {
    if (layers === MOST_LAYERS) return { bytes, layers, problem: `is packed more than ${MOST_LAYERS} times` };
    if (isGzip(bytes)) {
      try {
        bytes = gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED });
      } catch (error) {
        const tooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
        return { bytes, layers, problem: tooLong ? 'unpacks to more than 1 MiB' : 'is not whole as gzip' };
      }
    } else {
      const inside = insideBase64(bytes);
      if (inside === undefined) return { bytes, layers };
      bytes = inside;
    }
  }
}
