import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableAfter } from './tables.ts';

const read = (path: string): string => readFileSync(join(import.meta.dir, '../..', path), 'utf8');
const PAGE = read('docs/operator-guide.md');

test('it asks for the EC2 actions that are used', () => {
  const union = /export type Ec2Action =([^;]+);/.exec(read('src/aws/types.ts'))?.[1] ?? '';
  const known = [...union.matchAll(/'(\w+)'/g)].map(([, action = '']) => action);
  const asked = [...PAGE.matchAll(/`ec2:(\w+)`/g)].map(([, action = '']) => action);
  // EC2 demands this one for the tags that CreateNetworkInterface sets; nothing calls it by itself.
  const notCalled = ['CreateTags'];
  expect(asked.sort()).toEqual([...known, ...notCalled].sort());
});

test('every error it explains exists, with that CNI number', () => {
  const numbers = new Map(
    [...read('docs/errors.md').matchAll(/^\| `(\w+)` \|.*\| (\d+) \|$/gm)].map(([, code = '', cni = '']) => [
      code,
      cni,
    ]),
  );
  const rows = tableAfter(PAGE, 'A pod does not start').flatMap(([cell = '']) =>
    [...cell.matchAll(/`([A-Z0-9_]+)`/g)].map(([, code = '']) => ({ code, cni: /(\d+)$/.exec(cell)?.[1] ?? '' })),
  );
  expect(rows.filter(({ code, cni }) => numbers.get(code) !== cni)).toEqual([]);
  expect(rows.length).toBeGreaterThan(10);
});
