import { createHash, createHmac } from 'node:crypto';

/** What Signature Version 4 covers of a request (IAM user guide, "Elements of an AWS API request signature"). */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** As it travelled, without the question mark. */
  readonly query: string;
  /** The signed headers in the order of the signature, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  readonly scope: { readonly day: string; readonly region: string; readonly service: string };
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The signature of a request with this secret, in lower-case hexadecimal. */
export function signatureOf(request: SignedRequest, secretAccessKey: string): string {
  const { day, region, service } = request.scope;
  const scope = [day, region, service, 'aws4_request'];
  const text = [ALGORITHM, request.date, scope.join('/'), sha256(canonicalOf(request))].join('\n');
  const key = scope.reduce<Uint8Array>((parent, part) => hmac(parent, part), Buffer.from(`AWS4${secretAccessKey}`));
  return Buffer.from(hmac(key, text)).toString('hex');
}

function canonicalOf(request: SignedRequest): string {
  const headers = request.headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`);
  const names = request.headers.map(([name]) => name);
  return [
    request.method,
    // Every service but S3 encodes the path a second time.
    request.path.split('/').map(encode).join('/'),
    canonicalQuery(request.query),
    headers.join(''),
    names.join(';'),
    sha256(request.body),
  ].join('\n');
}

function canonicalQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => [encode(name), encode(value)] as const);
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return pairs
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map((pair) => pair.join('='))
    .join('&');
}

/** RFC 3986: everything but unreserved characters is encoded, in capitals. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}
