import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileAttempt } from './file-error.ts';

// Files of the kernel say that they hold nothing, and are read until their end.
const O_NONBLOCK = 0o4000;

/** The end of a regular file of this machine, at most so many bytes; `undefined` for anything but a regular file. */
export function readEnd(
  path: string,
  mostBytes: number,
): { readonly bytes: Uint8Array; readonly truncated: boolean } | undefined {
  return fileAttempt('read', path, () => {
    const fd = openSync(path, O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return undefined;
      let at = Math.max(0, stat.size - mostBytes);
      const begin = at;
      const buffer = new Uint8Array(mostBytes);
      let length = 0;
      while (length < mostBytes) {
        const read = readSync(fd, buffer, length, mostBytes - length, at);
        if (read === 0) break;
        length += read;
        at += read;
      }
      return { bytes: buffer.slice(0, length), truncated: begin > 0 };
    } finally {
      closeSync(fd);
    }
  });
}
