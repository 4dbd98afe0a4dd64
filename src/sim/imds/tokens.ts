import { createHash } from 'node:crypto';

/** The longest life EC2 gives a session token: six hours. */
const MAX_TTL_SECONDS = 21_600;

/** Expired tokens are swept out whenever so many have gathered. */
const SWEEP_AT = 1024;

/** Session tokens of the metadata service. A token works only for the instance that asked for it, until its time is up. */
export class Tokens {
  readonly #sessions = new Map<string, { readonly instanceId: string; readonly expires: number }>();
  #count = 0;

  /** A new token, or `undefined` when the life asked for is not 1 to 21600 seconds. Times are in milliseconds. */
  issue(instanceId: string, ttl: string | null, now: number): string | undefined {
    const seconds = ttl !== null && /^\d{1,5}$/.test(ttl.trim()) ? Number(ttl) : 0;
    if (seconds < 1 || seconds > MAX_TTL_SECONDS) return undefined;
    if (this.#sessions.size >= SWEEP_AT) this.#sweep(now);
    this.#count += 1;
    const token = createHash('sha256').update(`${instanceId} ${this.#count}`).digest('base64url').padEnd(56, '=');
    this.#sessions.set(token, { instanceId, expires: now + seconds * 1000 });
    return token;
  }

  /** Seconds a token still lives for this instance; zero when it does not. */
  remaining(token: string | null, instanceId: string, now: number): number {
    const session = this.#sessions.get(token ?? '');
    if (session === undefined || session.instanceId !== instanceId) return 0;
    return Math.max(0, Math.ceil((session.expires - now) / 1000));
  }

  #sweep(now: number): void {
    for (const [token, { expires }] of this.#sessions) if (expires <= now) this.#sessions.delete(token);
  }
}
