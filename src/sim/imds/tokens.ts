import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The longest life EC2 gives a session token: six hours. */
const MAX_TTL_SECONDS = 21_600;

// 40 bytes, which make 56 characters as EC2's tokens have: when it ends, a number, and a seal over both and the instance.
const LENGTH = { expires: 8, count: 4, seal: 28 } as const;
const TOKEN = /^[A-Za-z0-9_-]{54}==$/;

/**
 * Session tokens of the metadata service. A token works only for the instance that asked for it, until its time is up. It
 * carries its own proof, so that a client that takes a new one for every read fills no memory here.
 */
export class Tokens {
  readonly #secret = randomBytes(32);
  #count = 0;

  /** A new token, or `undefined` when the life asked for is not 1 to 21600 seconds. Times are in milliseconds. */
  issue(instanceId: string, ttl: string | null, now: number): string | undefined {
    const seconds = ttl !== null && /^\d{1,5}$/.test(ttl.trim()) ? Number(ttl) : 0;
    if (seconds < 1 || seconds > MAX_TTL_SECONDS) return undefined;
    this.#count = (this.#count + 1) % 2 ** 32;
    const head = Buffer.alloc(LENGTH.expires + LENGTH.count);
    head.writeDoubleBE(now + seconds * 1000);
    head.writeUInt32BE(this.#count, LENGTH.expires);
    return render(Buffer.concat([head, this.#seal(head, instanceId)]));
  }

  /** Seconds a token still lives for this instance; zero when it does not. */
  remaining(token: string | null, instanceId: string, now: number): number {
    if (token === null || !TOKEN.test(token)) return 0;
    const bytes = Buffer.from(token, 'base64url');
    // The last character has bits to spare, by which one token could be written in several ways.
    if (render(bytes) !== token) return 0;
    const head = bytes.subarray(0, LENGTH.expires + LENGTH.count);
    if (!timingSafeEqual(bytes.subarray(head.length), this.#seal(head, instanceId))) return 0;
    return Math.max(0, Math.ceil((head.readDoubleBE() - now) / 1000));
  }

  #seal(head: Uint8Array, instanceId: string): Buffer {
    return createHmac('sha256', this.#secret).update(head).update(instanceId).digest().subarray(0, LENGTH.seal);
  }
}

function render(bytes: Buffer): string {
  return `${bytes.toString('base64url')}==`;
}
