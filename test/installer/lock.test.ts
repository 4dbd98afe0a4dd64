import { expect, test } from 'bun:test';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { asOnlyRun, underLock } from '../../src/installer/host.ts';
import { adopt, handback, install, uninstall } from '../../src/installer/index.ts';
import { lockDirectory, systemClock } from '../../src/sys/index.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

const codeOf = (error: unknown): unknown => (error instanceof HostError ? error.code : error);

test('while one run is at it, another is told so at once and changes nothing', async () => {
  using temporary = temporaryHost();
  const { host, root, request } = temporary;
  const before = treeOf(root);
  await asOnlyRun(host, async () => {
    expect(await install(request(), silent).catch(codeOf)).toBe('LOCK_HELD');
    expect(await uninstall({ host, ec2: 'keep' }, silent).catch(codeOf)).toBe('LOCK_HELD');
    expect(await handback(host, silent).catch(codeOf)).toBe('LOCK_HELD');
    // A takeover that found out later would take back what the other run is at.
    expect(await adopt({ install: request({ stage: 'all' }), settings: 'same' }, silent).catch(codeOf)).toBe(
      'LOCK_HELD',
    );
  });
  expect(treeOf(root)).toEqual(before);
  expect((await install(request(), silent)).steps.length).toBeGreaterThan(0);
});

test('a run waits for the boot stage, which a unit that starts again and again runs most of the time', async () => {
  using temporary = temporaryHost();
  const { host, request } = temporary;
  const order: string[] = [];
  const boot = underLock(host, async () => {
    await Bun.sleep(200);
    order.push('boot');
  });
  await install(request(), silent);
  order.push('install');
  await boot;
  expect(order).toEqual(['boot', 'install']);
});

test('an image may begin as an empty directory', async () => {
  using temporary = temporaryHost();
  const { host, root, request } = temporary;
  for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
  const { steps } = await install({ ...request(), stage: 'image' }, silent);
  expect(steps.length).toBeGreaterThan(0);
  expect(await asOnlyRun(host, async () => 'ours')).toBe('ours');
});

test('what anybody may lock does not keep the boot stage waiting', async () => {
  using temporary = temporaryHost();
  const { host, root } = temporary;
  mkdirSync(join(root, 'root'), { mode: 0o700 });
  const anybody = readdirSync(root).filter((name) => (statSync(join(root, name)).mode & 0o004) !== 0);
  expect(anybody).toContain('run');
  await using held = new AsyncDisposableStack();
  for (const name of anybody) held.use(await lockDirectory(join(root, name), { clock: systemClock, waitMs: 0 }));
  expect(await underLock(host, async () => 'done')).toBe('done');
}, 5_000);
