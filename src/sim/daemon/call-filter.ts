import type { SimCall } from '../model/index.ts';

/** Which calls somebody wants to see; what is not given chooses nothing out. */
export interface CallFilter {
  /** Name of an EC2 action, `IMDS` for all metadata requests, or `GET /path`; `*` stands for any text. */
  readonly action?: string;
  /** An access key, an address, or the name of a node. */
  readonly caller?: string;
  /** `OK`, an EC2 error code or an HTTP status; `*` stands for any text. */
  readonly code?: string;
  /** Only calls from this time on, in milliseconds since the epoch. */
  readonly since?: number;
  /** Only so many, the newest. */
  readonly last?: number;
}

/** The chosen calls, oldest first. `callersOf` gives every caller a node is known by; nothing when the word names no node. */
export function chooseCalls(
  calls: readonly SimCall[],
  filter: CallFilter,
  callersOf: (word: string) => ReadonlySet<string>,
): readonly SimCall[] {
  const { action, caller, code, since, last } = filter;
  const callers = caller === undefined ? undefined : new Set([caller, ...callersOf(caller)]);
  const chosen = calls.filter(
    (call) =>
      (action === undefined || (action === 'IMDS' ? isImds(call) : matches(action, call.action))) &&
      (callers === undefined || callers.has(call.caller)) &&
      (code === undefined || matches(code, call.code)) &&
      (since === undefined || call.at >= since),
  );
  return last === undefined ? chosen : chosen.slice(Math.max(0, chosen.length - last));
}

/** Metadata requests are recorded by method and path. */
function isImds(call: SimCall): boolean {
  return call.action.includes(' /');
}

function matches(pattern: string, text: string): boolean {
  const literal = (part: string): string => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`).test(text);
}
