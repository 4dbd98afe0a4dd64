import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { fileAttempt } from './file-error.ts';

/** A file that only grows. What a full disk cuts off is taken back, so that the next line does not follow half of one. */
export interface AppendFile {
  /** Bytes so far. */
  readonly size: number;
  /** Adds text as a whole or throws `FILE_FAILED` and adds nothing. */
  append(text: string): void;
  close(): void;
}

/** Opens a file of this machine to append to, made with the mode when absent; `sync` waits for the disk at each call. */
export function openAppendFile(path: string, options: { readonly mode: number; readonly sync: boolean }): AppendFile {
  const { O_CREAT, O_NOFOLLOW, O_WRONLY, O_APPEND } = constants;
  const fd = fileAttempt('open', path, () => openSync(path, O_CREAT | O_NOFOLLOW | O_WRONLY | O_APPEND, options.mode));
  let size = fstatSync(fd).size;
  return {
    get size() {
      return size;
    },
    append: (text) =>
      fileAttempt('append to', path, () => {
        const bytes = Buffer.from(text);
        let written = 0;
        try {
          while (written < bytes.length) written += writeSync(fd, bytes, written);
          if (options.sync) fsyncSync(fd);
        } catch (error) {
          ftruncateSync(fd, size);
          throw error;
        }
        size += bytes.length;
      }),
    close: () => closeSync(fd),
  };
}
