import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepMountNamespace } from '../../src/sim/node/mount-namespace.ts';
import { type Exec, systemExec } from '../../src/sys/index.ts';

const run = (...argv: [string, ...string[]]): Promise<unknown> => systemExec.run({ argv });

/** A directory in which mount namespaces can be kept; gone, with those, when it goes out of scope. */
async function privateDirectory(): Promise<AsyncDisposable & { file(name: string): string }> {
  const directory = mkdtempSync(join(tmpdir(), 'vpc-cni-mnt-'));
  await run('mount', '-t', 'tmpfs', 'vpc-cni-test', directory);
  await run('mount', '--make-private', directory);
  return {
    file(name) {
      writeFileSync(join(directory, name), '');
      return join(directory, name);
    },
    async [Symbol.asyncDispose]() {
      await run('umount', '--recursive', directory);
      rmSync(directory, { recursive: true });
    },
  };
}

const pairs = cpus().flatMap((_, outer) => cpus().map((_, inner) => ({ outer, inner })));
for (const { outer, inner } of pairs)
  test(`a mount namespace numbered by processor ${outer} keeps one made on processor ${inner}`, async () => {
    await using directory = await privateDirectory();
    const node = directory.file('node');
    const kept = directory.file('kept');
    const begin = [
      'taskset',
      '--cpu-list',
      `${outer}`,
      'unshare',
      `--mount=${node}`,
      '--propagation',
      'private',
    ] as const;
    await run(...begin, '--', 'true');
    const enter = ['nsenter', `--mount=${node}`, '--'] as const;
    const onNode: Exec = {
      run: (request) =>
        systemExec.run({ ...request, argv: [...enter, 'taskset', '--cpu-list', `${inner}`, ...request.argv] }),
    };
    await keepMountNamespace(onNode, kept);
    const { stdout } = await systemExec.run({ argv: [...enter, 'readlink', '/proc/self/ns/mnt'] });
    const inside = await systemExec.run({
      argv: [...enter, 'nsenter', `--mount=${kept}`, '--', 'readlink', '/proc/self/ns/mnt'],
    });
    expect(inside.stdout).toMatch(/^mnt:/);
    expect(inside.stdout).not.toBe(stdout);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(kept);
  });

test('what cannot be kept is said in the words of the program', async () => {
  await using directory = await privateDirectory();
  const missing = `${directory.file('here')}-not`;
  expect(await keepMountNamespace(systemExec, missing).catch(String)).toContain(`${missing} failed: No such file`);
});
