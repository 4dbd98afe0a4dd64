import { writeSync } from 'node:fs';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

interface Writer {
  /** Writes a text as a whole, at once. */
  readonly write: (text: string | Uint8Array) => void;
  /** Whether nobody reads any more. */
  readonly isUnread: () => boolean;
}

function writer(fd: number, name: string): Writer {
  let unread = false;
  const write = (text: string | Uint8Array): void => {
    let bytes: Uint8Array = Buffer.from(text);
    // A pipe takes as much as it has room for.
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(fd, bytes));
      } catch (error) {
        const code = codeOf(error);
        if (code === 'EAGAIN') Bun.sleepSync(1);
        else if (code === 'EPIPE') {
          unread = true;
          return;
        } else throw Object.assign(Object(error), { path: name });
      }
    }
  };
  return { write, isUnread: () => unread };
}

/** Prints a result; throws when it goes nowhere, unless its reader has gone. */
export const { write: stdout, isUnread: stdoutUnread } = writer(1, 'standard output');

const { write: writeError } = writer(2, 'standard error');

/** Tells people something. */
export function stderr(text: string): void {
  try {
    writeError(text);
  } catch {
    // There is nowhere else to tell it.
  }
}
