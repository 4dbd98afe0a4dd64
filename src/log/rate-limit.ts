/** How many lines of one kind pass: `burst` at once, `perSecond` for as long as they come. */
export interface LineRate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * More than the pods of a full node at once, and than any operation that is worth a line each second. What comes more
 * often is one thing said again and again: a caller gone mad must not fill the disk or push everything else out of it.
 */
const LINE_RATE: LineRate = { burst: 300, perSecond: 10 };

/** Kinds are few constants; should they not be, the oldest are forgotten. */
const MOST_KINDS = 200;

/** After so long the lines that were left out are told, although none of their kind comes any more. */
const TELL_AFTER_MS = 10_000;

/** Lines of one kind that were left out. */
export interface LeftOut {
  readonly kind: string;
  readonly count: number;
}

interface Kind {
  tokens: number;
  atMs: number;
  leftOut: number;
}

/** Lines that differ only in their numbers are of one kind. */
const kindOfLine = (message: string): string => message.replaceAll(/\d+/g, 'N');

/** Counts lines by kind. Pure but for its own memory; times are monotonic ms. */
export class LineLimit {
  readonly #rate: LineRate;
  readonly #kinds = new Map<string, Kind>();

  constructor(rate: LineRate = LINE_RATE) {
    this.#rate = rate;
  }

  /** Whether a line passes, and what has been left out before it and is to be told now. */
  take(message: string, nowMs: number): { readonly passes: boolean; readonly leftOut: readonly LeftOut[] } {
    const kind = kindOfLine(message);
    const { burst, perSecond } = this.#rate;
    const known = this.#kinds.get(kind) ?? { tokens: burst, atMs: nowMs, leftOut: 0 };
    const tokens = Math.min(burst, known.tokens + ((nowMs - known.atMs) * perSecond) / 1000);
    const passes = tokens >= 1;
    // Deleted first: a map keeps the order in which keys came, so the first one is the kind not seen for longest.
    this.#kinds.delete(kind);
    const entry: Kind = {
      tokens: passes ? tokens - 1 : tokens,
      atMs: nowMs,
      leftOut: known.leftOut + (passes ? 0 : 1),
    };
    this.#kinds.set(kind, entry);
    const leftOut = [...(passes ? this.#tell(kind, entry) : []), ...this.#overdue(nowMs)];
    return { passes, leftOut };
  }

  #overdue(nowMs: number): readonly LeftOut[] {
    const told: LeftOut[] = [];
    for (const [kind, entry] of this.#kinds) {
      const forgotten = this.#kinds.size > MOST_KINDS;
      if (nowMs - entry.atMs < TELL_AFTER_MS && !forgotten) break;
      told.push(...this.#tell(kind, entry));
      if (forgotten) this.#kinds.delete(kind);
    }
    return told;
  }

  #tell(kind: string, entry: Kind): readonly LeftOut[] {
    const { leftOut: count } = entry;
    entry.leftOut = 0;
    return count === 0 ? [] : [{ kind, count }];
  }
}
