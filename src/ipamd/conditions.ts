import type { HostError } from '../errors/index.ts';
import type { Logger } from '../log/index.ts';
import type { Clock } from '../sys/index.ts';

/** Something about this node that somebody should know, from when on (ms since the epoch). */
export interface Condition {
  readonly error: HostError;
  readonly sinceMs: number;
}

/** Says what is wrong now, in one respect; `undefined` while nothing is. */
export type Complaint = () => HostError | undefined;

/**
 * The named conditions of this daemon. Each is derived from the state it is about whenever somebody asks, so that none
 * can be forgotten; only since when is remembered. Coming and going is logged once each.
 */
export class Conditions {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #logger: Logger;
  readonly #complaints: Complaint[] = [];
  #current: ReadonlyMap<string, Condition> = new Map();

  constructor(parts: { readonly clock: Pick<Clock, 'now'>; readonly logger: Logger }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Adds a respect in which something can be wrong. */
  watch(complaint: Complaint): void {
    this.#complaints.push(complaint);
  }

  /** What is wrong now; of one code only once. */
  list(): readonly Condition[] {
    const current = new Map<string, Condition>();
    for (const complaint of this.#complaints) {
      const error = complaint();
      if (error === undefined || current.has(error.code)) continue;
      const known = this.#current.get(error.code);
      if (known === undefined) this.#logger.warn('condition raised', { error });
      current.set(error.code, { error, sinceMs: known?.sinceMs ?? this.#clock.now() });
    }
    for (const [code] of this.#current) if (!current.has(code)) this.#logger.info('condition cleared', { code });
    this.#current = current;
    return [...current.values()];
  }
}

const MOST_NAMED = 5;

/** The first few of a list, and how many more there are. */
export function named(items: readonly string[]): string {
  const more = items.length - MOST_NAMED;
  return `${items.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
