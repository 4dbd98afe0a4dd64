import { expect, test } from 'bun:test';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

test("the page's scripts fit the browser and what the daemon sends", () => {
  const run = Bun.spawnSync([join(ROOT, 'node_modules/.bin/tsc'), '-p', 'src/dashboard/page'], { cwd: ROOT });
  expect(run.stdout.toString()).toBe('');
});
