/** An IMDSv2 session token and the monotonic time at which it must no longer be used. */
interface Token {
  readonly value: string;
  readonly renewAt: number;
}

/** What a token request brought: the token and how long it lives. */
export interface GrantedToken {
  readonly value: string;
  readonly ttlSeconds: number;
}

/** A tenth of its life before a token ends we stop using it, so that no read races its end. */
const USED_PART_OF_LIFE = 0.9;

/** Keeps one token for all reads. Reads that find none share a single request for it. */
export interface TokenCache {
  /** The token to send, asked for anew only when there is none that still lives. */
  take(): Promise<string>;
  /** Drops `value` if it is still the one kept: of many reads refused together only the first causes a renewal. */
  drop(value: string): void;
}

/** A cache over `request`, which asks the service for a new token. */
export function createTokenCache(options: {
  readonly request: () => Promise<GrantedToken>;
  readonly monotonic: () => number;
}): TokenCache {
  let kept: Token | undefined;
  let asking: Promise<string> | undefined;

  async function renew(): Promise<string> {
    const askedAt = options.monotonic();
    const granted = await options.request();
    kept = { value: granted.value, renewAt: askedAt + granted.ttlSeconds * 1000 * USED_PART_OF_LIFE };
    return granted.value;
  }

  return {
    take: async () => {
      if (kept !== undefined && options.monotonic() < kept.renewAt) return kept.value;
      asking ??= renew().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    drop: (value) => {
      if (kept?.value === value) kept = undefined;
    },
  };
}
