import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshVpc } from '../support/e2e.ts';
import { promtool } from '../support/promtool.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('mt');
const node = vpc.node('node-a');
const template = (name: string): string => readFileSync(join(import.meta.dir, '../../templates', name), 'utf8');

let live = '';

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 'm5.large', '--attach-ms', '100');
  await node.install();
  await vpc.json('pod', 'add', 'node-a', ...Array.from({ length: 20 }, (_, pod) => `p${pod}`));
  live = (await node.run(['curl', '-sf', 'http://127.0.0.1:61678/metrics'])).stdout;
});
afterAll(async () => {
  await vpc.down();
});

/** Names of upstream are a contract, which came before the conventions that promtool asks for. */
const UPSTREAM = /^awscni_/;

test('promtool reads what the node gives, and minds nothing but names of upstream', async () => {
  const { exitCode, stdout, stderr } = await promtool(['check', 'metrics'], { input: live });
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  expect(said.filter((line) => !UPSTREAM.test(line))).toEqual([]);
  // 3: it could read all, and has remarks.
  expect([0, 3]).toContain(exitCode);
  const ours = live.split('\n').filter((line) => !/^(?:# (?:HELP|TYPE) )?awscni_/.test(line));
  const own = await promtool(['check', 'metrics'], { input: `${ours.join('\n')}\n` });
  expect([own.exitCode, own.stdout, own.stderr]).toEqual([0, '', '']);
});

test('a node with twenty pods gives far less than 300 series', () => {
  const series = live.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(series.length).toBeGreaterThan(50);
  expect(series.length).toBeLessThanOrEqual(300);
});

const known = (): ReadonlySet<string> => {
  const types = [...live.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
};
for (const name of ['prometheus/vpc-cni.rules.yml', 'grafana/vpc-cni.json'])
  test(`templates/${name} asks for metrics that there are`, () => {
    const asked = new Set(template(name).match(/\b(?:awscni|vpccni)_\w+/g));
    expect(asked.size).toBeGreaterThan(9);
    expect([...asked].filter((metric) => !known().has(metric))).toEqual([]);
  });
