import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { RunCommand } from '../../src/commands/command.ts';
import { run as config } from '../../src/commands/config.ts';
import { run as doctor } from '../../src/commands/doctor.ts';
import { run as install } from '../../src/commands/install.ts';
import { run as maxPods } from '../../src/commands/max-pods.ts';
import { run as bundle } from '../../src/commands/support-bundle.ts';
import { run as uninstall } from '../../src/commands/uninstall.ts';
import { callCommand } from './call.ts';

/** A folder with a file, a system and a link to it. */
function places(): { readonly at: (name: string) => string } & Disposable {
  const top = mkdtempSync(join(tmpdir(), 'words-'));
  const at = (name: string): string => join(top, name);
  mkdirSync(at('system/etc'), { recursive: true });
  symlinkSync('system', at('link'));
  writeFileSync(at('file'), '');
  return { at, [Symbol.dispose]: () => rmSync(top, { recursive: true }) };
}

async function call(run: RunCommand, ...argv: readonly string[]) {
  const { code, stdout } = await callCommand(run, { argv: [...argv, '--json'] });
  const { error }: { error?: { readonly code: string; readonly message: string } } = JSON.parse(stdout);
  return { exit: code, code: error?.code, message: error?.message };
}

const withRoot: readonly (readonly [string, RunCommand, readonly string[]])[] = [
  ['install', install, ['--stage', 'image', '--dry-run']],
  ['uninstall', uninstall, ['--dry-run']],
  ['doctor', doctor, ['--image']],
  ['config', config, ['check']],
  ['max-pods', maxPods, ['--instance-type', 'm5.large']],
];

describe('--root', () => {
  for (const [name, run, words] of withRoot) {
    test(`of ${name} is never taken for this host because a variable was empty`, async () => {
      expect(await call(run, ...words, '--root', '')).toMatchObject({ exit: 2, code: 'USAGE' });
    });

    test(`of ${name} must be a directory that is there`, async () => {
      using there = places();
      for (const [path, reason] of [
        [there.at('nowhere'), 'It is not there.'],
        [there.at('file'), 'It is no directory.'],
      ] as const) {
        const { exit, message } = await call(run, ...words, '--root', path);
        expect([exit, message]).toEqual([2, expect.stringContaining(`'${path}' is invalid. ${reason}`)]);
      }
    });
  }

  test('may be a link, and this host under another name is this host', async () => {
    using there = places();
    expect(await call(doctor, '--image', '--root', there.at('link'))).toMatchObject({ exit: 3, code: undefined });
    expect(await call(install, '--root', '//', '--stage', 'boot', '--dry-run')).toMatchObject({ code: 'NOT_COMPILED' });
  });

  test('goes with --purge in no way: an image has no instance', async () => {
    using there = places();
    expect(await call(uninstall, '--purge', '--root', there.at('system'))).toMatchObject({ exit: 2, code: 'USAGE' });
  });
});

test('a bundle goes into a directory under its own name', async () => {
  using there = places();
  const env = { ...process.env, AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' };
  const { stdout } = await callCommand(bundle, { argv: ['-o', there.at('link'), '--json'], env });
  const { file }: { readonly file: string } = JSON.parse(stdout);
  expect([dirname(file), basename(file)]).toEqual([
    there.at('link'),
    expect.stringMatching(/^vpc-cni-support-.*\.gz$/),
  ]);
  expect(readdirSync(there.at('system'))).toContain(basename(file));
}, 30_000);

test('a checksum that can be none is bad usage, told before the host is looked at', async () => {
  const sums = ['sha256:12', `sha512:${'a'.repeat(64)}`, `md5:${'a'.repeat(32)}`, 'a'.repeat(64)];
  for (const sum of sums) {
    const { exit, code, message } = await call(install, '--plugins', 'x.tgz', '--plugins-checksum', sum);
    expect([sum, exit, code]).toEqual([sum, 2, 'USAGE']);
    expect(message).toContain('It is sha256: and 64 hex digits, or sha512: and 128.');
  }
});

describe('a word that is empty', () => {
  const rows: readonly (readonly [RunCommand, readonly string[], string])[] = [
    [install, ['--plugins', ''], '--plugins is empty'],
    [install, ['--plugins', 'x', '--plugins-checksum', ''], '--plugins-checksum is empty'],
    [bundle, ['-o', ''], '--output is empty'],
    [config, ['check', '--user-data', ''], '--user-data is empty'],
    [config, ['check', ''], 'one of the words is empty'],
  ];
  for (const [run, words, reason] of rows)
    test(`is told: ${reason}`, async () => {
      expect(await call(run, ...words)).toEqual({ exit: 2, code: 'USAGE', message: `wrong usage: ${reason}` });
    });
});
