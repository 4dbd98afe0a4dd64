import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { run } from '../../src/commands/status.ts';
import { redraw, screenOf } from '../../src/inspect/index.ts';
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

/** The schema with nothing allowed beside it: so that a key which nobody documents is seen. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in inner ? { ...inner, additionalProperties: false } : inner;
}

test('status --json is as status --schema says, with a daemon and without', async () => {
  const { code, stdout } = await call(['--schema'], directory);
  const validate = new Ajv({ strict: true }).compile(Object(closed(JSON.parse(stdout))));
  for (const runtime of [directory, served]) {
    const document = JSON.parse((await call(['--json'], runtime)).stdout);
    if (document.problem !== null) delete document.problem.details;
    expect([validate(document), validate.errors]).toEqual([true, null]);
  }
  expect(code).toBe(0);
});

test('redraw() goes over the picture before, and counts what the terminal has no room for', () => {
  const drawn = redraw('one\ntwo\nthree\nfour\n', { first: false, rows: 4 });
  expect(drawn).toBe('\x1b[Hone\x1b[K\ntwo\x1b[K\n… 2 lines more\x1b[K\n\x1b[J');
  expect(redraw('one\n', { first: true, rows: undefined })).toBe('\x1b[2J\x1b[3J\x1b[Hone\x1b[K\n\x1b[J');
});

const screens = [
  { name: 'a pipe', env: { LANG: 'C.UTF-8' }, isTty: false, is: [undefined, false, false] },
  { name: 'a terminal', env: { LANG: 'de_DE.UTF-8', TERM: 'xterm' }, isTty: true, is: [72, true, true] },
  { name: 'NO_COLOR', env: { LANG: 'C.UTF-8', NO_COLOR: '1' }, isTty: true, is: [72, false, true] },
  { name: 'a dumb terminal', env: { LANG: 'C.UTF-8', TERM: 'dumb' }, isTty: true, is: [72, false, false] },
  { name: 'a locale of ASCII', env: { LC_ALL: 'C', LANG: 'C.UTF-8' }, isTty: true, is: [72, true, false] },
];
for (const { name, env, isTty, is } of screens)
  test(`screenOf() with ${name}`, () => {
    const { columns, colour, unicode } = screenOf(env, { isTty, columns: 72 });
    expect([columns, colour, unicode]).toEqual(is);
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
