import { createHmac } from 'node:crypto';

/** One generation of the credentials of an instance's role. Times are milliseconds since the epoch. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly updatedAt: number;
  readonly expiresAt: number;
}

/** The credentials of every role, made from one secret: whoever knows it can check what it has handed out. */
export interface RoleCredentialSource {
  /** What the metadata service hands out now. */
  of(instance: { readonly id: string }, now: number): RoleCredentials;
  /** What belongs to an access key that may be in use now, also when it has expired; nothing for a key not made here. */
  find(accessKeyId: string, now: number): RoleCredentials | undefined;
}

/** The name of the role instances have unless told otherwise. */
export const NODE_ROLE = 'node-role';

const HOUR_MS = 3_600_000;
/** EC2 hands out credentials for six hours and renews them every hour, so several generations work at a time. */
const LIFETIME_MS = 6 * HOUR_MS;

/** As of every access key of AWS: RFC 4648 base32. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** `ASIA` marks temporary credentials; 16 characters follow: 13 for the instance, 3 for the generation. */
const ACCESS_KEY = /^ASIA([A-Z2-7]{13})([A-Z2-7]{3})$/;
const GENERATIONS = 32 ** 3;

/** Role credentials derived from `secret`. */
export function createRoleCredentials(options: { readonly secret: string }): RoleCredentialSource {
  const derive = (text: string): Buffer => createHmac('sha256', options.secret).update(text).digest();
  const generationOf = (instanceId: string, generation: number): RoleCredentials => {
    const subject = `${instanceId} ${generation}`;
    const token = Array.from({ length: 8 }, (_, part) => derive(`token ${part} ${subject}`));
    const updatedAt = generation * HOUR_MS;
    return {
      accessKeyId: `ASIA${encode(BigInt(`0x${instanceId.slice(3)}`), 13)}${encode(BigInt(generation % GENERATIONS), 3)}`,
      secretAccessKey: derive(`secret ${subject}`).toString('base64').slice(0, 40),
      sessionToken: Buffer.concat(token).toString('base64'),
      updatedAt,
      expiresAt: updatedAt + LIFETIME_MS,
    };
  };
  return {
    of: ({ id }, now) => generationOf(id, Math.floor(now / HOUR_MS)),
    find: (accessKeyId, now) => {
      const instanceId = instanceIdOf(accessKeyId);
      if (instanceId === undefined) return undefined;
      const current = Math.floor(now / HOUR_MS);
      const behind = (current - Number(decode(accessKeyId.slice(-3))) + 2 * GENERATIONS) % GENERATIONS;
      const credentials = generationOf(instanceId, current - behind);
      return credentials.accessKeyId === accessKeyId ? credentials : undefined;
    },
  };
}

/** The instance whose role has this access key, whoever made the key; nothing when it is no such key. */
export function instanceIdOf(accessKeyId: string): string | undefined {
  const [, digits] = ACCESS_KEY.exec(accessKeyId) ?? [];
  if (digits === undefined) return undefined;
  const id = decode(digits).toString(16);
  return id.length <= 16 ? `i-0${id.padStart(16, '0')}` : undefined;
}

/** The credentials in the spelling of the metadata service. */
export function renderCredentials(credentials: RoleCredentials): string {
  const document = {
    Code: 'Success',
    LastUpdated: isoSeconds(credentials.updatedAt),
    Type: 'AWS-HMAC',
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken,
    Expiration: isoSeconds(credentials.expiresAt),
  };
  return JSON.stringify(document, null, 2);
}

/** A time as the metadata service writes it: whole seconds in UTC. */
export function isoSeconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

function encode(value: bigint, length: number): string {
  return Array.from({ length }, (_, index) => {
    const shift = BigInt(5 * (length - 1 - index));
    return ALPHABET.charAt(Number((value >> shift) & 31n));
  }).join('');
}

function decode(text: string): bigint {
  return [...text].reduce((value, sign) => value * 32n + BigInt(ALPHABET.indexOf(sign)), 0n);
}
