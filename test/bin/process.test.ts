import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, '../../src/bin/main.ts');
const SYS = join(import.meta.dir, '../../src/sys/index.ts');

/** Runs the entry by a shell, which can close and fill what a process writes to. */
function shell(words: string, env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['/bin/sh', '-c', `"$BUN" "$MAIN" ${words}`], {
    env: { PATH: '/usr/bin:/bin', BUN: process.execPath, MAIN, ...env },
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe('standard output that takes nothing', () => {
  const said =
    'FILE_FAILED: could not write standard output: no space left on the file system (ENOSPC)\n→ check the path';
  for (const words of ['config schema', 'config show', 'config check --json', 'bogus --json'])
    test(`of "${words}" is told on the other one, without a trace`, () => {
      const { exitCode, stderr } = shell(`${words} >/dev/full`);
      const usage = words.startsWith('bogus');
      expect([exitCode, stderr]).toEqual([
        usage ? 2 : 1,
        expect.stringMatching(
          usage
            ? /^USAGE: wrong usage: there is no command "bogus".*\n→ .*\n$/
            : new RegExp(`^${RegExp.escape(said)}.*\n$`),
        ),
      ]);
    });

  test('when standard error takes nothing either, the exit code is what is left', () => {
    expect(shell('bogus 2>/dev/full')).toEqual({ exitCode: 2, stdout: '', stderr: '' });
  });
});

test('"status --watch" ends when its reader has gone', () => {
  const { signalCode, stdout } = Bun.spawnSync(['/bin/sh', '-c', '"$BUN" "$MAIN" status --watch | head -n 1'], {
    env: { PATH: '/usr/bin:/bin', BUN: process.execPath, MAIN, VPC_CNI_RUNTIME_DIR: '/nowhere' },
    timeout: 15_000,
  });
  expect([signalCode ?? null, stdout.toString()]).toEqual([null, 'NOT RUNNING\n']);
}, 20_000);

test('programs of the system are found with the PATH of cron, with none, and never in the working directory', () => {
  for (const PATH of ['/usr/bin:/bin', '', ':']) {
    const script = `
      process.argv.splice(2, 9, '--version');
      await import(process.env.MAIN);
      const { systemExec } = await import(process.env.SYS);
      const { stdout } = await systemExec.run({ argv: ['ip', '-V'] });
      console.log([process.env.PATH, stdout.slice(0, 10)].join('|'));`;
    const { stdout } = Bun.spawnSync([process.execPath, '-e', script], { env: { PATH, MAIN, SYS } });
    const [path = '', found] = stdout.toString().trim().split('\n').at(-1)?.split('|') ?? [];
    expect(path.split(':')).toEqual(expect.arrayContaining(['/usr/sbin', '/usr/bin', '/sbin', '/bin']));
    expect([path.split(':').includes(''), found]).toEqual([false, 'ip utility']);
  }
});

for (const words of [['install'], ['install', '--stage', 'image', '--root', '/'], ['adopt'], ['uninstall']])
  test(`"${words.join(' ')}" on another system says that nodes are Linux hosts, without a trace`, () => {
    const script = `
      Object.defineProperty(process, 'platform', { value: 'darwin' });
      process.argv.splice(2, 9, ...JSON.parse(process.env.WORDS), '--json');
      await import(process.env.MAIN);`;
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, '-e', script, 'x'], {
      env: { PATH: '/usr/bin:/bin', MAIN, WORDS: JSON.stringify(words) },
    });
    const { ok, error } = JSON.parse(stdout.toString());
    expect([exitCode, ok, error.code, stderr.toString()]).toEqual([1, false, 'NOT_LINUX', '']);
    expect(error).toMatchObject({
      message: 'this is darwin: nodes are Linux hosts',
      remedy: expect.stringContaining('Linux host'),
    });
  });
