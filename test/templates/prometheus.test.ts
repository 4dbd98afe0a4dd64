import { expect, setDefaultTimeout, test } from 'bun:test';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../src/sys/index.ts';
import { promtool } from '../support/promtool.ts';

// The first run downloads a package.
setDefaultTimeout(240_000);

const ROOT = join(import.meta.dir, '../..');
const RULES = join(ROOT, 'templates/prometheus/vpc-cni.rules.yml');

test('promtool takes the alert rules', async () => {
  const { exitCode, stdout, stderr } = await promtool(['check', 'rules', RULES]);
  expect([exitCode, stdout, stderr]).toEqual([0, expect.stringContaining('SUCCESS: 12 rules found'), '']);
});

test('each alert fires on a sick node, none on a healthy one', async () => {
  await withTemporaryDirectory(async (directory) => {
    copyFileSync(RULES, join(directory, 'vpc-cni.rules.yml'));
    copyFileSync(join(ROOT, 'test/fixtures/prometheus/rules.test.yml'), join(directory, 'rules.test.yml'));
    const { exitCode, stdout, stderr } = await promtool(['test', 'rules', 'rules.test.yml'], { cwd: directory });
    expect([exitCode, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
