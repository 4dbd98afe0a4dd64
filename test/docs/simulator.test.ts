import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EC2_ACTIONS } from '../../src/sim/ec2/index.ts';
import { tableAfter } from './tables.ts';

const PAGE = readFileSync(join(import.meta.dir, '../../docs/simulator.md'), 'utf8');

test('docs/simulator.md names every action of EC2 there is, and no other', () => {
  const [, , here = ''] = tableAfter(PAGE, 'What differs from EC2')[0] ?? [];
  const named = [...(here.split('none is ignored:')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, action = '']) => action);
  expect(named).toEqual([...EC2_ACTIONS].sort());
});
