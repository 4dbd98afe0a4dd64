import { CATALOGUE, type ErrorCode } from './catalogue.ts';
import type { Details, Entry, Retry } from './entry.ts';

export type { Details, Entry, Retry } from './entry.ts';

/** A failure with a stable code. `message` names the object, `remedy` says what to do, `retry` whether trying again can help. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: ErrorCode;
  readonly details: Details;
  readonly remedy: string;
  readonly retry: Retry;

  constructor(code: ErrorCode, details: Details = {}, cause?: unknown) {
    const entry: Entry = CATALOGUE[code];
    super(entry.says(details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.remedy = entry.remedy;
    this.retry = entry.retry;
  }

  /** The shape printed by `--json` and sent over the socket; carries no stack and no cause. */
  toJSON(): { readonly code: ErrorCode; readonly message: string; readonly remedy: string; readonly details: Details } {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details };
  }
}

/** What is wrong with a file system, not with us. */
const FILE_SYSTEM: ReadonlyMap<unknown, string> = new Map([
  ['ENOSPC', 'no space left on the file system (ENOSPC)'],
  ['EDQUOT', 'the disk quota is used up (EDQUOT)'],
  ['EROFS', 'the file system is mounted read-only (EROFS)'],
]);

/** The error itself when it is ours; otherwise one that keeps it as the cause: `FILE_FAILED` of a full disk, or `INTERNAL`. */
export function toHostError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  const said = (key: 'code' | 'path' | 'syscall'): unknown => Object(error)[key];
  const reason = FILE_SYSTEM.get(said('code'));
  if (reason !== undefined)
    return new HostError(
      'FILE_FAILED',
      { action: `${said('syscall') ?? 'write'}`, path: `${said('path') ?? 'a file'}`, reason },
      error,
    );
  return new HostError('INTERNAL', { reason: error instanceof Error ? error.message : String(error) }, error);
}
