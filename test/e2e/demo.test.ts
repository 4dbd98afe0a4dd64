import { expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

const STEPS = [
  ...['build', 'vpc-up', 'install', 'install-again', 'pods-add'],
  ...['ping-same-node', 'ping-across-nodes', 'ping-internet', 'ping-from-node'],
  ...['crash', 'pods-delete', 'cooldown', 'uninstall', 'down', 'proof'],
];

function start(...words: readonly string[]) {
  const child = Bun.spawn([process.execPath, 'scripts/demo.ts', ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]).then(
    ([stdout, stderr, exitCode]) => ({ stdout, stderr, exitCode }),
  );
  return { child, ended };
}

test('the demo plays to its end, every ping arrives and nothing is left', async () => {
  const { stdout, stderr, exitCode } = await start('--json').ended;
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

test('a name in use is refused, and an interrupted demo takes its VPC down', async () => {
  const vpc = `dem${process.pid}`;
  const { child, ended } = start('--json', '--name', vpc);
  while (!existsSync(`/run/netns/${vpc}-node-b`) && child.exitCode === null) await Bun.sleep(10);

  const second = await start('--name', vpc).ended;
  expect({ ...second, stderr: second.stderr.split(':')[1] }).toEqual({
    stdout: '',
    stderr: ` the name ${vpc} is in use`,
    exitCode: 1,
  });

  child.kill('SIGINT');
  const { stdout, exitCode } = await ended;
  const { ok, failed, leftovers } = JSON.parse(stdout);
  expect({ ok, leftovers, exitCode, message: failed.message }).toEqual({
    ok: false,
    leftovers: [],
    exitCode: 1,
    message: 'interrupted by SIGINT',
  });
  expect(STEPS).toContain(failed.step);
  expect(readdirSync('/run/netns').filter((name) => name.startsWith(`${vpc}-`))).toEqual([]);
});
