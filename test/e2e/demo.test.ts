import { expect, test } from 'bun:test';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

const STEPS = [
  ...['build', 'vpc-up', 'install', 'install-again', 'pods-add'],
  ...['ping-same-node', 'ping-across-nodes', 'ping-internet', 'ping-from-node'],
  ...['crash', 'pods-delete', 'cooldown', 'uninstall', 'down', 'proof'],
];

async function demo(...words: readonly string[]) {
  const child = Bun.spawn([process.execPath, 'scripts/demo.ts', ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}

test('the demo plays to its end, every ping arrives and nothing is left', async () => {
  const { stdout, stderr, exitCode } = await demo('--json');
  const { ok, steps, pings, leftovers, failed } = JSON.parse(stdout);
  // Shown with the difference, should it fail.
  const story = ok === true ? '' : stderr;
  expect({ ok, story, failed, leftovers, exitCode }).toEqual({
    ok: true,
    story: '',
    failed: undefined,
    leftovers: [],
    exitCode: 0,
  });
  expect(steps.map(({ name }: { name: string }) => name)).toEqual(STEPS);
  expect(pings.sent).toBeGreaterThan(0);
  expect(pings.received).toBe(pings.sent);
});
