import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from '../../scripts/build.ts';
import { OPTIONAL_PLUGINS, REQUIRED_PLUGINS } from '../../src/hostspec/index.ts';
import { executable } from '../support/e2e.ts';

setDefaultTimeout(120_000);

const MOST_MB = 130;
const root = mkdtempSync(join(tmpdir(), 'size-'));
afterAll(() => rmSync(root, { recursive: true }));

/** The regular files there are, each once: links are not followed. */
const files = (): readonly string[] =>
  Bun.spawnSync(['find', root, '-type', 'f', '-printf', '/%P\\n']).stdout.toString().trim().split('\n');

/** Megabytes as disk makers count them. */
const megabytes = (paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + lstatSync(join(root, path)).size, 0) / 1e6;

test.skipIf(process.getuid?.() !== 0)(
  `an image gets one executable of at most ${MOST_MB} MB, stock plugins and small texts`,
  () => {
    const size = statSync(executable()).size / 1e6;
    const install = Bun.spawnSync([executable(), 'install', '--stage=image', `--root=${root}`, '--json'], {
      stderr: 'pipe',
    });
    expect([install.exitCode, install.stderr.toString()]).toEqual([0, '']);
    const all = files();
    const plugins = all.filter((path) => /^\/opt\/vpc-cni\/[^/]+\/plugins\//.test(path));
    const names = new Set<string>([...REQUIRED_PLUGINS, ...OPTIONAL_PLUGINS]);
    expect(plugins.filter((path) => !names.has(path.slice(path.lastIndexOf('/') + 1)))).toEqual([]);
    const programs = all.filter((path) => !plugins.includes(path) && lstatSync(join(root, path)).size > 100_000);
    expect(programs).toEqual([expect.stringMatching(/^\/opt\/vpc-cni\/[^/]+\/vpc-cni$/)]);
    const texts = all.filter((path) => !plugins.includes(path) && !programs.includes(path));
    process.stderr.write(
      `executable ${size.toFixed(1)} MB; on disk: ${plugins.length} plugins of ${megabytes(plugins).toFixed(1)} MB, ${texts.length} texts of ${(megabytes(texts) * 1000).toFixed(0)} kB\n`,
    );
    expect(size).toBeLessThanOrEqual(MOST_MB);
  },
);

test('the build leaves the checksum of the executable beside it', () => {
  const path = build();
  const check = Bun.spawnSync(['sha256sum', '--check', `${path}.sha256`], { cwd: join(path, '..') });
  expect([check.stdout.toString(), check.exitCode]).toEqual([`${basename(path)}: OK\n`, 0]);
});
