import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { lockDirectory, systemClock, takeLock } from '../../src/sys/index.ts';

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

test('lockDirectory() names the holder, waits for it, and touches nothing', async () => {
  const path = mkdtempSync(join(directory, 'locked-'));
  const { mtimeMs, ctimeMs } = statSync(path);
  const first = await lockDirectory(path, { clock: systemClock, waitMs: 0 });
  const refused = await lockDirectory(path, { clock: systemClock, waitMs: 0 }).catch((error: unknown) => error);
  expect(refused instanceof HostError && refused.toJSON()).toMatchObject({
    code: 'LOCK_HELD',
    details: { path, pid: String(process.pid) },
  });
  const waiting = lockDirectory(path, { clock: systemClock, waitMs: 10_000 });
  first[Symbol.dispose]();
  using _second = await waiting;
  expect(readdirSync(path)).toEqual([]);
  expect(statSync(path)).toMatchObject({ mtimeMs, ctimeMs });
});
