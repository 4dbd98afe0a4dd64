import type { TakeoverState } from './takeover.ts';

/** What adopt notes in this boot: how far it is, and of which checkpoint of aws-node. */
export interface TakeoverMark {
  readonly state: Exclude<TakeoverState, 'none'>;
  /** Hex sha256 of the checkpoint that was imported; '' when there was none. */
  readonly sha256: string;
  readonly at: string;
}

/** The mark as text. */
export function renderTakeoverMark(mark: TakeoverMark): string {
  return `${JSON.stringify(mark)}\n`;
}

/** The mark from its text; `undefined` when it is none. */
export function parseTakeoverMark(text: string): TakeoverMark | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { state, sha256, at }: Readonly<Record<string, unknown>> = { ...value };
  if ((state !== 'imported' && state !== 'adopted') || typeof sha256 !== 'string' || typeof at !== 'string')
    return undefined;
  return { state, sha256, at };
}
