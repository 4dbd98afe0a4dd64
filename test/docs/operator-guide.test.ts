import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json';
import { blocksOf } from './blocks.ts';
import { tableAfter } from './tables.ts';

const read = (path: string): string => readFileSync(join(import.meta.dir, '../..', path), 'utf8');
const PAGE = read('docs/operator-guide.md');

test('it asks for the EC2 actions that are used', () => {
  const union = /export type Ec2Action =([^;]+);/.exec(read('src/aws/types.ts'))?.[1] ?? '';
  const known = [...union.matchAll(/'(\w+)'/g)].map(([, action = '']) => action);
  const asked = [...PAGE.matchAll(/`ec2:(\w+)`/g)].map(([, action = '']) => action);
  expect(asked.sort()).toEqual([...known].sort());
});

test('every error it explains exists, with that CNI number', () => {
  const numbers = new Map(
    [...read('docs/errors.md').matchAll(/^\| `(\w+)` \|.*\| (\d+) \|$/gm)].map(([, code = '', cni = '']) => [
      code,
      cni,
    ]),
  );
  const rows = tableAfter(read('docs/troubleshooting.md'), 'A pod does not start').flatMap(([cell = '']) =>
    [...cell.matchAll(/`([A-Z0-9_]+)`/g)].map(([, code = '']) => ({ code, cni: /(\d+)$/.exec(cell)?.[1] ?? '' })),
  );
  expect(rows.filter(({ code, cni }) => numbers.get(code) !== cni)).toEqual([]);
  expect(rows.length).toBeGreaterThan(10);
});

/** The pages whose shell is run, and who runs each mark. */
const MARKS = {
  'sh host': 'test/e2e/cases/guide',
  'sh image': 'test/e2e/cases/guide-image',
  'sh first-boot': 'test/e2e/cases/guide-image',
  'sh takeover': 'test/e2e/cases/guide-takeover',
  'sh node': 'test/e2e/docs-operator.test.ts',
  status: 'test/e2e/docs-operator.test.ts',
  // What no test can run is looked at here.
  'sh workstation': 'test/docs/operator-guide.test.ts',
  'sh amazon-linux': 'test/docs/operator-guide.test.ts',
  'sh packer': 'test/ami/packer.test.ts',
} as const;

test('somebody runs or reads every block', () => {
  const pages = ['operator-guide.md', 'host.md', 'takeover.md', 'troubleshooting.md'];
  const marks = pages.flatMap((page) => blocksOf(read(`docs/${page}`)).map(({ info }) => info));
  expect([...new Set(marks)].sort()).toEqual(Object.keys(MARKS).sort());
});

const linesOf = (mark: keyof typeof MARKS): readonly string[] =>
  blocksOf(PAGE).flatMap(({ info, text }) => (info === mark ? text.split('\n') : []));

test('the commands at a workstation are scripts of this repository', () => {
  const words = linesOf('sh workstation').join(' ');
  const scripts = [...words.matchAll(/npm run (\w+)/g)].map(([, name = '']) => name);
  expect(scripts.filter((name) => !(name in packageJson.scripts))).toEqual([]);
  expect(scripts.length).toBeGreaterThan(0);
});

test('the packages of Amazon Linux are those the image template installs there', () => {
  const [, wanted = ''] = /dnf install -y -q ([\w -]+)"/.exec(read('ami/vpc-cni.pkr.hcl')) ?? [];
  const [, told = ''] = /^dnf install -y (.*)$/m.exec(linesOf('sh amazon-linux').join('\n')) ?? [];
  // iproute is in every image of Amazon Linux; a container has it not.
  expect(told.split(' ').sort()).toEqual(['iproute', ...wanted.split(' ')].sort());
});
