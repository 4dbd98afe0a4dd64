/** What a timer sees each time it is called. */
export interface Look {
  readonly atMs: number;
  /** How long the thread has been ready to run so far, and did not, because others did. */
  readonly waitedMs: number;
}

/**
 * How long a loop was held up between two calls of a timer, at most a tick too little: the time since, without what it was
 * to wait, and without what the kernel gave to other programs.
 */
export function heldUp(before: Look, now: Look, tickMs: number): number {
  return Math.max(0, now.atMs - before.atMs - (now.waitedMs - before.waitedMs) - tickMs);
}
