import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { HostError } from '../errors/index.ts';

// node:fs and not the room sys: that one loads libc and execa, which this path must not pay for.

/** A request kept for the daemon. */
export interface Spooled {
  /** Takes it back: the daemon has answered after all. */
  readonly withdraw: () => void;
}

/**
 * Keeps a request for a daemon that is away; it replays the folder in the order of names, which begin with the time.
 * A reader never sees half a file: only the rename gives it a name that ends in `.json`. Throws `FILE_FAILED`.
 */
export function spool(folder: string, body: string): Spooled {
  const name = `${String(Date.now()).padStart(15, '0')}-${crypto.randomUUID()}`;
  const path = `${folder}/${name}.json`;
  const draft = `${folder}/.${name}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(draft, body, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    discard(draft);
    throw new HostError('FILE_FAILED', { action: 'write', path, reason: String(error) }, error);
  }
  return { withdraw: () => discard(path) };
}

/** Ignores a failure: what stays is a draft no reader looks at, or a request the daemon may safely serve twice. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
