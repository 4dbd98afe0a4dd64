import { createHash } from 'node:crypto';
import { SimFault } from '../model/index.ts';
import type { Filter } from './filters.ts';
import type { Parameters } from './parameters.ts';

/** Where a listing starts and how much of it one answer holds. */
export interface Page {
  readonly size: number | undefined;
  /** The key of the last item of the page before. */
  readonly after: string | undefined;
  /** What the token of the next page is good for. */
  readonly scope: string;
}

/** Reads `MaxResults` and `NextToken`. */
export function readPage(
  parameters: Parameters,
  listing: {
    readonly min: number;
    readonly max: number;
    readonly ids: readonly string[];
    /** Where EC2 refuses to page through a list of ids: it says so of instances and network interfaces. */
    readonly idsOrPages?: true;
    readonly filters: readonly Filter[];
    /** The size of a page when the caller names none; without it, one answer holds all. */
    readonly usual?: number;
  },
): Page {
  const { min, max, ids, filters } = listing;
  const size = parameters.integer('MaxResults');
  const token = parameters.text('NextToken');
  if (size !== undefined && (size < min || size > max))
    throw new SimFault('InvalidParameterValue', `MaxResults must be ${min} to ${max}, not ${size}`);
  if (size !== undefined && ids.length > 0 && listing.idsOrPages === true)
    throw new SimFault('InvalidParameterCombination', 'MaxResults cannot be used together with a list of ids');
  const scope = digest(JSON.stringify([parameters.action, ids, filters.map(({ name, values }) => [name, values])]));
  return { size: size ?? listing.usual, after: token === undefined ? undefined : readToken(token, scope), scope };
}

/**
 * The items of this page, and the token of the next one where there is one. Pages go by key, not by position: what comes
 * and goes between two of them makes no other item appear twice or not at all.
 */
export function takePage<T>(
  items: readonly T[],
  page: Page,
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const { size, after } = page;
  if (size === undefined && after === undefined) return { items };
  const keyed = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || key > after);
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const taken = keyed.slice(0, size ?? keyed.length);
  const last = taken.at(-1);
  return {
    items: taken.map(({ item }) => item),
    ...(last !== undefined && taken.length < keyed.length ? { nextToken: writeToken(last.key, page.scope) } : {}),
  };
}

function writeToken(after: string, scope: string): string {
  return Buffer.from(JSON.stringify([after, digest(`${scope} ${after}`)])).toString('base64url');
}

function readToken(token: string, scope: string): string {
  const [after, seal] = parseToken(token);
  if (after === undefined || seal !== digest(`${scope} ${after}`))
    throw new SimFault('InvalidNextToken', 'The specified NextToken is not valid for this request');
  return after;
}

function parseToken(token: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parsed) && parsed.every((part) => typeof part === 'string') ? parsed : [];
  } catch {
    return [];
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
