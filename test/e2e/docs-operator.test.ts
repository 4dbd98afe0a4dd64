import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../docs/blocks.ts';
import { deviations } from '../docs/run-blocks.ts';
import { tableAfter } from '../docs/tables.ts';
import { freshVpc } from '../support/e2e.ts';
import { callPlugin } from '../support/e2e-cni.ts';

setDefaultTimeout(240_000);

const read = (name: string): string => readFileSync(join(import.meta.dir, '../../docs', name), 'utf8');
const PAGE = read('troubleshooting.md');
const blocks = blocksOf(PAGE);
const vpc = freshVpc('do');
const node = vpc.node('node-a');

/** The names a page puts between backquotes. */
const codeIn = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  await node.install();
  // A second ENI, a refused call and a deleted pod: the page tells of all three.
  await vpc.json('pod', 'add', 'node-a', 'p1', 'p2');
  await node.untilStatus('a second ENI', ({ enis }) => enis.length === 2);
  await vpc.json('pod', 'del', 'node-a', 'p2');
  await callPlugin(node, 'ADD', { pod: 'p3', containerId: 'p3', netns: '/run/netns/nowhere' });
});
afterAll(async () => {
  await vpc.down();
});

for (const [name, least] of [
  ['host.md', 1],
  ['troubleshooting.md', 3],
] as const)
  test(`the commands of docs/${name} do on a node what it says`, async () => {
    const own = blocksOf(read(name)).filter(({ info }) => info === 'sh node');
    const shell = (script: string) => node.run(['bash', '-u'], { input: script });
    expect(own.length).toBeGreaterThanOrEqual(least);
    expect(await deviations(own, { shell, before: '' })).toEqual([]);
  });

test('the status docs/troubleshooting.md explains has the lines of the real one, and each is explained', async () => {
  /** The first word or two of a line, as far as they stand alone; ENIs are rows of one table. */
  const labels = (text: string): readonly string[] =>
    text.split('\n').flatMap((line) => {
      const label = /^(?:\w+(?: \w+)?)(?= {2}|$)/.exec(line)?.[0];
      return label === undefined ? [] : [label];
    });
  const shown = blocks.find(({ info }) => info === 'status')?.text ?? '';
  const real = await node.text('vpc-cni', 'status');
  expect(labels(shown)).toEqual(labels(real));
  const explained = tableAfter(PAGE, 'Reading `vpc-cni status`').map(([line = '']) => codeIn(line)[0] ?? 'ENI');
  expect(explained).toEqual([...labels(real)]);
});

test('it lists the metrics there are', async () => {
  const url = 'http://127.0.0.1:61678/metrics';
  const script = `exec 3<>/dev/tcp/127.0.0.1/61678; printf 'GET /metrics HTTP/1.0\\r\\nHost: ${new URL(url).host}\\r\\n\\r\\n' >&3; cat <&3`;
  const text = await node.text('bash', '-c', script);
  const real = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  const listed = tableAfter(PAGE, 'Metrics').flatMap(([names = '']) => codeIn(names));
  expect([...listed].sort()).toEqual([...real].sort());
});

test('it tells every field of the log', async () => {
  const log = (await node.text('cat', '/run/vpc-cni/ipamd.log')).trim().split('\n');
  expect(log.filter((line) => !line.startsWith('{'))).toEqual([]);
  const real = new Set(log.flatMap((line) => Object.keys(JSON.parse(line))));
  const listed = new Set(tableAfter(PAGE, 'Logs').flatMap(([names = '']) => codeIn(names)));
  expect([...real].filter((name) => !listed.has(name))).toEqual([]);
});
