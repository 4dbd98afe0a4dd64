import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, '../../src/bin/main.ts');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpc-cni-entry-'));
  mkdirSync(join(folder, 'etc/vpc-cni/conf.d'), { recursive: true });
  writeFileSync(join(folder, 'etc/vpc-cni/vpc-cni.env'), 'WARM_IP_TARGET=4\n');
  writeFileSync(join(folder, 'etc/vpc-cni/conf.d/10-site.env'), 'WARM_IP_TARGET=8\n');
  mkdirSync(join(folder, 'bad/etc/vpc-cni'), { recursive: true });
  writeFileSync(join(folder, 'bad/etc/vpc-cni/vpc-cni.env'), 'WARM_IP_TARGTE=4\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the entry from source, under another name when told. */
async function entry(
  words: readonly string[],
  as: { readonly name?: string; readonly env?: Record<string, string> } = {},
) {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    ...(as.name === undefined ? {} : { argv0: as.name }),
    env: { PATH: process.env['PATH'] ?? '', ...as.env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

describe('main.ts', () => {
  test('is the plugin when called by its name, by any path', async () => {
    const { code, stdout } = await entry([], { name: '/opt/cni/bin/aws-cni', env: { CNI_COMMAND: 'VERSION' } });
    expect([code, JSON.parse(stdout).cniVersion]).toEqual([0, '1.1.0']);
  });

  test('is the plugin when a runtime calls it', async () => {
    const { code, stdout } = await entry(['config'], { env: { CNI_COMMAND: 'ADD' } });
    expect([code, JSON.parse(stdout).code]).toEqual([1, 4]);
  });

  test('tells its name and what to do when a person calls the plugin', async () => {
    expect(await entry([], { name: 'egress-cni' })).toEqual({
      code: 0,
      stdout: '',
      stderr: 'egress-cni is a CNI plugin; a container runtime calls it with CNI_COMMAND set\n',
    });
  });

  test('prints usage with examples', async () => {
    const { code, stdout, stderr } = await entry(['--help']);
    expect([code, stdout.startsWith('Usage: vpc-cni COMMAND'), stdout.includes('Examples:'), stderr]).toEqual([
      0,
      true,
      true,
      '',
    ]);
  });

  test('prints its version', async () => {
    expect(await entry(['--version'])).toEqual({ code: 0, stdout: 'vpc-cni dev (source)\n', stderr: '' });
  });

  test('a hidden command starts nothing when asked for help', async () => {
    const { code, stdout, stderr } = await entry(['supervise', '--help']);
    expect({ code, stdout, first: stderr.split('\n')[0] }).toEqual({
      code: 2,
      stdout: '',
      first:
        'USAGE: wrong usage: "supervise" is not for people and takes no words; "vpc-cni --help" lists the commands',
    });
  });

  test('helps with one command by either name of it', async () => {
    const { stdout } = await entry(['install', '--help']);
    expect(await entry(['help', 'install'])).toEqual({ code: 0, stdout, stderr: '' });
    expect((await entry(['help', 'instal'])).code).toBe(2);
  });

  test('lists the commands when it knows none of that name', async () => {
    const { code, stdout, stderr } = await entry(['instal']);
    expect({ code, stdout, first: stderr.split('\n')[0] }).toEqual({
      code: 2,
      stdout: '',
      first:
        'USAGE: wrong usage: there is no command "instal"; the commands are install, rollback, uninstall, adopt, handback, ipamd, status, explain, config, doctor, max-pods, fleet, support-bundle, sim',
    });
  });
});

describe('vpc-cni config', () => {
  test('check says which files it read', async () => {
    expect(await entry(['config', 'check', '--root', folder, '--json'])).toEqual({
      code: 0,
      stdout: '{"ok":true,"files":["/etc/vpc-cni/vpc-cni.env","/etc/vpc-cni/conf.d/10-site.env"],"findings":[]}\n',
      stderr: '',
    });
  });

  test('check exits with 2 and names what is wrong', async () => {
    const { code, stderr } = await entry(['config', 'check', '--root', join(folder, 'bad')]);
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      'CONFIG_INVALID: invalid configuration: WARM_IP_TARGTE (/etc/vpc-cni/vpc-cni.env:1) is not a setting; did you mean WARM_IP_TARGET?',
    ]);
  });

  test('check --json prints one document also then', async () => {
    const { code, stdout, stderr } = await entry(['config', 'check', '--root', join(folder, 'bad'), '--json']);
    const { ok, error } = JSON.parse(stdout);
    expect([code, ok, error.code, stderr]).toEqual([2, false, 'CONFIG_INVALID', '']);
  });

  test('show prints each value with its origin', async () => {
    const { code, stdout } = await entry(['config', 'show', '--root', folder, '--json'], { env: { MAX_ENI: '2' } });
    const shown = new Map<string, { value: string; origin: string }>(
      JSON.parse(stdout).settings.map((row: { key: string; value: string; origin: string }) => [row.key, row]),
    );
    const pick = (key: string) => [shown.get(key)?.value, shown.get(key)?.origin];
    expect([code, pick('WARM_IP_TARGET'), pick('MAX_ENI'), pick('IP_COOLDOWN_PERIOD')]).toEqual([
      0,
      ['8', '/etc/vpc-cni/conf.d/10-site.env:1'],
      ['2', 'environment'],
      ['30', 'default'],
    ]);
  });

  test('refuses an option it does not have', async () => {
    const { code, stderr } = await entry(['config', 'show', '--all']);
    expect([code, stderr.split('\n')[0]]).toEqual([2, "USAGE: wrong usage: unknown option '--all'"]);
  });
});
