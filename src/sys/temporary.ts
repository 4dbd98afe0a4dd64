import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileAttempt } from './file-error.ts';

/** Makes a fresh private directory for as long as `use` runs. */
export async function withTemporaryDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const base = join(tmpdir(), 'vpc-cni-');
  const directory = fileAttempt('make a directory at', base, () => mkdtempSync(base));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
