import { SimFault } from '../model/index.ts';
import type { Parameters } from './parameters.ts';

/** Where a listing starts and how much of it one answer holds. */
export interface Page {
  readonly from: number;
  readonly size: number | undefined;
}

/** Reads `MaxResults` and `NextToken`. EC2 refuses to page through a list of ids. */
export function readPage(
  parameters: Parameters,
  bounds: { readonly min: number; readonly max: number; readonly ids: readonly string[] },
): Page {
  const size = parameters.integer('MaxResults');
  const token = parameters.text('NextToken');
  if (size !== undefined && (size < bounds.min || size > bounds.max))
    throw new SimFault('InvalidParameterValue', `MaxResults must be ${bounds.min} to ${bounds.max}, not ${size}`);
  if (size !== undefined && bounds.ids.length > 0)
    throw new SimFault('InvalidParameterCombination', 'MaxResults cannot be used together with a list of ids');
  return { from: token === undefined ? 0 : offsetOf(token), size };
}

/** The items of this page, and the token of the next one where there is one. */
export function takePage<T>(
  items: readonly T[],
  page: Page,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const end = page.size === undefined ? items.length : page.from + page.size;
  const taken = items.slice(page.from, end);
  return end < items.length
    ? { items: taken, nextToken: Buffer.from(`from:${end}`).toString('base64url') }
    : { items: taken };
}

function offsetOf(token: string): number {
  const [, offset] = /^from:(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString('latin1')) ?? [];
  if (offset === undefined) throw new SimFault('InvalidNextToken', 'The token for the next page is not one of ours');
  return Number(offset);
}
