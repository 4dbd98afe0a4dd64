import { timingSafeEqual } from 'node:crypto';
import { SimFault } from '../model/index.ts';
import { signatureOf } from './signature.ts';

/** The secret of an access key. */
export interface AccessSecret {
  readonly secretAccessKey: string;
  /** Temporary credentials carry one; it must come with every request. */
  readonly sessionToken?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** Looks an access key up; `undefined` when nobody holds it. */
export type Credentials = (accessKeyId: string, now: number) => AccessSecret | undefined;

/** What a request is checked against. */
export interface Verifier {
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Without it signatures are looked at for their shape and scope only: any credentials open the simulator. */
  readonly credentials: Credentials | undefined;
  /** As the scope of a signature names it; `ec2` unless told. */
  readonly service?: string;
}

const EC2 = 'ec2';
const CREDENTIAL = /^([A-Z0-9a-z]{1,128})\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/;
const DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** A request must arrive so soon after it was signed (IAM user guide, "Signature Version 4": five minutes). */
const MAX_SKEW_MS = 5 * 60_000;

interface Authorization {
  readonly accessKeyId: string;
  readonly day: string;
  readonly date: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/**
 * The access key a request is signed with. Throws `MissingAuthenticationToken`, `AuthFailure` or `RequestExpired`: EC2
 * says `AuthFailure` with status 401 for an unknown key and for a wrong secret alike.
 */
export function authenticate(request: Request, body: Uint8Array, verifier: Verifier): string {
  const { region, service = EC2 } = verifier;
  const authorization = readAuthorization(request, { region, service });
  if (verifier.credentials === undefined) return authorization.accessKeyId;
  const { accessKeyId, date, signedHeaders } = authorization;
  const secret = verifier.credentials(accessKeyId, verifier.now);
  if (secret === undefined) throw failure(`nobody holds the access key ${accessKeyId}`);
  const unsigned = [...request.headers.keys()].find((name) => mustBeSigned(name) && !signedHeaders.includes(name));
  if (unsigned !== undefined) throw failure(`the header ${unsigned} must be signed`);
  const absent = signedHeaders.find((name) => !request.headers.has(name));
  if (absent !== undefined) throw failure(`the header ${absent} is signed and not there`);
  const url = new URL(request.url);
  const expected = signatureOf(
    {
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      headers: signedHeaders.map((name) => [name, request.headers.get(name) ?? '']),
      body,
      date,
      scope: { day: authorization.day, region, service },
    },
    secret.secretAccessKey,
  );
  if (!sameText(expected, authorization.signature)) throw failure('the signature does not match the request');
  // Only who knows the secret learns more.
  if (!sameText(secret.sessionToken ?? '', request.headers.get('x-amz-security-token') ?? ''))
    throw failure('the session token is not the one of these credentials');
  if (Math.abs(verifier.now - timeOf(date)) > MAX_SKEW_MS)
    throw new SimFault('RequestExpired', `Request has expired: it was signed at ${date}`);
  if (secret.expiresAt !== undefined && secret.expiresAt <= verifier.now)
    throw new SimFault('RequestExpired', 'Request has expired: its credentials are no longer valid');
  return accessKeyId;
}

function readAuthorization(
  request: Request,
  wanted: { readonly region: string; readonly service: string },
): Authorization {
  const header = request.headers.get('authorization');
  if (header === null)
    throw new SimFault('MissingAuthenticationToken', 'The request carries no Authorization header', 403);
  const [scheme, ...fields] = header.split(/[\s,]+/).filter((part) => part !== '');
  const parts = new Map(fields.map((field) => split(field)));
  const [, accessKeyId, day, scope, service] = CREDENTIAL.exec(parts.get('Credential') ?? '') ?? [];
  const signedHeaders = (parts.get('SignedHeaders') ?? '').split(';');
  const signature = parts.get('Signature') ?? '';
  const date = request.headers.get('x-amz-date') ?? '';
  if (scheme !== 'AWS4-HMAC-SHA256' || accessKeyId === undefined || day === undefined || service !== wanted.service)
    throw failure(`Authorization is no complete AWS4-HMAC-SHA256 header for the service ${wanted.service}`);
  if (!/^[0-9a-f]{64}$/.test(signature)) throw failure('the signature is not 64 hexadecimal digits');
  if (!signedHeaders.includes('host') || Number.isNaN(timeOf(date)) || date.slice(0, 8) !== day)
    throw failure('the host must be signed, and X-Amz-Date must be of the day of the credential');
  if (scope !== wanted.region) throw failure(`the credential is scoped to ${scope}, this is ${wanted.region}`);
  return { accessKeyId, day, date, signedHeaders, signature };
}

/** AWS wants the host and all headers of its own signed. It asks for the type of the body, too, but curl goes without. */
function mustBeSigned(name: string): boolean {
  return name === 'host' || name.startsWith('x-amz-');
}

/** Takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

function timeOf(date: string): number {
  return Date.parse(date.replace(DATE, '$1-$2-$3T$4:$5:$6Z'));
}

function failure(reason: string): SimFault {
  return new SimFault('AuthFailure', `AWS was not able to validate the provided access credentials: ${reason}`, 401);
}

function split(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
