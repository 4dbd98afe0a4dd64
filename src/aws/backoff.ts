const BASE_MS = 200;
const CAP_MS = 60_000;

/**
 * How long to wait before attempt number `attempt` + 1 (the first attempt is 0): anywhere between nothing and a bound
 * that doubles up to a minute. Full jitter keeps a fleet that failed together from trying again together.
 * `random` is a number in [0, 1).
 */
export function backoffMs(options: { readonly attempt: number; readonly random: number }): number {
  return Math.floor(options.random * Math.min(CAP_MS, BASE_MS * 2 ** options.attempt));
}

// Beyond this a failing start is tried again at a steady pace: a node that boots before its network must not wait long.
const START_CAP_MS = 5_000;

/** How long a start that failed waits before it is tried again. */
export function startRetryMs(options: { readonly attempt: number; readonly random: number }): number {
  return Math.min(START_CAP_MS, 200 + backoffMs(options));
}
