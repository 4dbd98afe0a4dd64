import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { executable, runAny } from '../support/e2e.ts';
import { ec2Client, outcome } from '../support/sim-ec2.ts';

setDefaultTimeout(120_000);

/** A user nothing on the machine belongs to. */
const UID = 64_321;
const NAME = `u${process.pid.toString(36)}`;

let base = '';
let program = '';

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'vpc-cni-user-'));
  chmodSync(base, 0o755);
  program = join(base, 'vpc-cni');
  copyFileSync(executable(), program);
  chmodSync(program, 0o755);
  mkdirSync(join(base, 'run'), { mode: 0o700 });
  chownSync(join(base, 'run'), UID, UID);
});
afterAll(async () => {
  await asUser(['down']);
  await asUser(['down'], '');
  rmSync(base, { recursive: true, force: true });
  rmSync(`/tmp/vpc-cni-${UID}`, { recursive: true, force: true });
});

/** Runs `vpc-cni sim WORDS` as that user; with an empty `runtimeDir` they have none. */
async function asUser(words: readonly string[], runtimeDir = join(base, 'run')) {
  const { exitCode, stdout, stderr } = await runAny([
    ...['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', 'env', '-i', 'PATH=/usr/bin:/bin'],
    ...(runtimeDir === '' ? [] : [`XDG_RUNTIME_DIR=${runtimeDir}`]),
    ...[program, 'sim', ...words, '--name', NAME],
  ] as [string, ...string[]]);
  return { code: exitCode, stdout, stderr };
}

const errorOf = (answer: { readonly code: number; readonly stdout: string }): unknown => [
  answer.code,
  JSON.parse(answer.stdout).error?.code,
];

test('without root, "sim up" says how to go on without', async () => {
  const { code, stderr } = await asUser(['up']);
  expect([code, stderr]).toEqual([
    1,
    `SIM_NEEDS_ROOT: "sim up" makes network namespaces, which needs root, and you are uid ${UID}\n→ run it as root (sudo), or add --api-only for EC2 and the metadata service without machines\n`,
  ]);
});

for (const place of ['a runtime directory', 'none'] as const)
  test(`without root and with ${place}, the APIs serve, orders work, and nothing is left`, async () => {
    const dir = place === 'none' ? '' : join(base, 'run');
    const { ok, name, ec2 } = JSON.parse((await asUser(['up', '--api-only', '--nodes', '1', '--json'], dir)).stdout);
    expect([ok, name]).toEqual([true, NAME]);
    expect(await outcome(ec2Client(ec2).send(new DescribeVpcsCommand()))).toBe('OK');
    // Root's VPC of the same name would be another one.
    const root = await runAny([program, 'sim', 'status', '--name', NAME, '--json']);
    expect(JSON.parse(root.stdout).error.code).toBe('SIM_NOT_RUNNING');
    const rows = [
      { words: ['node', 'add', 'more'], error: [0, undefined] },
      { words: ['dial', 'DescribeVpcs', '--deny'], error: [0, undefined] },
      { words: ['calls', '--expect', '1'], error: [0, undefined] },
      { words: ['node', 'reboot', 'more'], error: [0, undefined] },
      { words: ['node', 'terminate', 'more'], error: [0, undefined] },
      { words: ['pod', 'add', 'node-a', 'p'], error: [1, 'SIM_API_ONLY'] },
      { words: ['up', '--api-only'], error: [1, 'SIM_ALREADY_RUNNING'] },
    ];
    const found: unknown[] = [];
    for (const { words } of rows) found.push({ words, error: errorOf(await asUser([...words, '--json'], dir)) });
    expect(found).toEqual(rows);
    expect((await asUser(['down'], dir)).stdout).toBe(`${NAME} is gone\n`);
    expect((await asUser(['down'], dir)).stdout).toBe(`there is nothing of ${NAME}\n`);
    const home = dir === '' ? `/tmp/vpc-cni-${UID}` : dir;
    expect(existsSync(home) ? readdirSync(home) : []).toEqual([]);
  });

test('a runtime directory that others may enter is refused', async () => {
  chmodSync(join(base, 'run'), 0o755);
  expect(errorOf(await asUser(['up', '--api-only', '--json']))).toEqual([1, 'SIM_NO_PRIVATE_DIRECTORY']);
  chmodSync(join(base, 'run'), 0o700);
});
