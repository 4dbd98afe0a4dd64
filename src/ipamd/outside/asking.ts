/** How long after an answer the same question may be asked again, by how often it was asked: an idle node asks nothing. */
const PAUSES_MS = [0, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000] as const;
const LONGEST_PAUSE_MS = 600_000;

interface Asked {
  readonly times: number;
  readonly atMs: number;
}

/**
 * When EC2 may be asked about what is in doubt. A new doubt asks at once; one that EC2's answer has not ended asks later
 * and later, so that metadata which is wrong for an hour costs a handful of calls. Pure, times are monotonic.
 */
export class Asking {
  #asked: ReadonlyMap<string, Asked> = new Map();

  /** The doubts there are now; those that are gone are forgotten. The earliest time to ask, `undefined` without doubt. */
  dueMs(doubts: Iterable<string>): number | undefined {
    const next = new Map<string, Asked>();
    let due: number | undefined;
    for (const doubt of doubts) {
      const asked = this.#asked.get(doubt) ?? { times: 0, atMs: Number.NEGATIVE_INFINITY };
      next.set(doubt, asked);
      const at = asked.times === 0 ? 0 : asked.atMs + (PAUSES_MS[asked.times] ?? LONGEST_PAUSE_MS);
      if (due === undefined || at < due) due = at;
    }
    this.#asked = next;
    return due;
  }

  /** Notes that EC2 has been asked about all of them. */
  note(doubts: Iterable<string>, atMs: number): void {
    const next = new Map(this.#asked);
    for (const doubt of doubts) next.set(doubt, { times: (next.get(doubt)?.times ?? 0) + 1, atMs });
    this.#asked = next;
  }
}
