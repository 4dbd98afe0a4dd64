import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { systemClock, takeLock } from '../../src/sys/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('takeLock() names the holder, waits for it, and leaves no file', async () => {
  const path = join(directory, 'a.lock');
  const first = await takeLock(path, { clock: systemClock, waitMs: 0 });
  const refused = await takeLock(path, { clock: systemClock, waitMs: 0 }).catch((error: unknown) => error);
  expect(refused instanceof HostError && refused.toJSON()).toMatchObject({
    code: 'LOCK_HELD',
    details: { path, pid: String(process.pid) },
  });
  const waiting = takeLock(path, { clock: systemClock, waitMs: 10_000 });
  first[Symbol.dispose]();
  const second = await waiting;
  expect(existsSync(path)).toBe(true);
  second[Symbol.dispose]();
  expect(existsSync(path)).toBe(false);
});
