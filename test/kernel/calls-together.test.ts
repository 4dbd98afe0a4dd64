import { expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelTest } from '../support/netns.ts';

kernelTest('of forty calls at once each is served in a turn of the loop of its own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'many-calls-'));
  try {
    const script = join(import.meta.dir, '../support/many-calls.ts');
    const argv = ['unshare', '--net', '--mount', '--propagation', 'private', process.execPath, script, directory];
    const { stdout, stderr } = Bun.spawnSync(argv);
    expect(stderr.toString()).toBe('');
    expect(JSON.parse(stdout.toString())).toEqual({ added: 1, wired: 40, deleted: 1, left: 0 });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
