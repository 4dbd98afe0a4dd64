import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/commands/status.ts';
import { SERVING } from './sample.ts';

const directory = mkdtempSync(join(tmpdir(), 'status-command-'));
const served = join(directory, 'served');
const server = Bun.serve({ unix: join(directory, 'cni.sock'), fetch: () => Response.json(SERVING) });
afterAll(async () => {
  await server.stop(true);
  rmSync(directory, { recursive: true });
});

async function call(argv: readonly string[], runtimeDir: string) {
  const out = { stdout: '', stderr: '' };
  const code = await run({
    argv,
    env: { VPC_CNI_RUNTIME_DIR: runtimeDir },
    executable: '/nowhere/vpc-cni',
    stdout: (text) => {
      out.stdout += text;
    },
    stderr: (text) => {
      out.stderr += text;
    },
    isTty: false,
  });
  return { code, ...out };
}

test('status --json prints one document and returns 0 when ready', async () => {
  const { code, stdout, stderr } = await call(['--json'], directory);
  expect([code, stderr, JSON.parse(stdout).daemon]).toEqual([0, '', SERVING]);
});

test('status prints a table for people', async () => {
  const { code, stdout } = await call([], directory);
  expect([code, stdout.startsWith('READY\n')]).toEqual([0, true]);
});

test('status --json is valid JSON and returns 1 where no daemon runs', async () => {
  const { code, stdout, stderr } = await call(['--json'], served);
  const { ready, daemon, problem } = JSON.parse(stdout);
  expect([code, stderr, ready, daemon, problem.code]).toEqual([1, '', false, null, 'DAEMON_DOWN']);
});

test('status tells people the way out where no daemon runs', async () => {
  const { code, stdout } = await call([], served);
  expect([code, stdout.split('\n')[0], stdout.includes('→ ')]).toEqual([1, 'NOT RUNNING', true]);
});

const wrong = [
  { argv: ['--jsno'], reason: "unknown option '--jsno'\n(Did you mean --json?)" },
  { argv: ['now'], reason: 'too many arguments' },
  { argv: ['--json', '--watch'], reason: '--json prints one document and cannot be used with --watch' },
];
for (const { argv, reason } of wrong) {
  test(`status ${argv.join(' ')} is wrong usage`, async () => {
    const { code, stdout, stderr } = await call(argv, directory);
    const said = argv.includes('--json') ? JSON.parse(stdout).error.message : stderr;
    expect([code, said]).toEqual([2, expect.stringContaining(reason)]);
  });
}

test('status --help tells its options', async () => {
  const { code, stdout } = await call(['--help'], directory);
  expect([code, stdout.includes('--watch')]).toEqual([0, true]);
});
