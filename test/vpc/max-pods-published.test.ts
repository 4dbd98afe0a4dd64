import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import {
  ADDRESS_MODES,
  type InstanceLimits,
  instanceTypes,
  limitsOf,
  POD_ROOM_SCHEMA,
  podRoom,
} from '../../src/vpc/index.ts';

interface Published {
  readonly type: string;
  readonly standard: number;
  readonly custom: number;
}

const published: readonly Published[] = readFileSync(join(import.meta.dir, '../fixtures/max-pods.txt'), 'utf8')
  .split('\n')
  .filter((line) => /^\d/.test(line))
  .flatMap((line) => {
    const [standard, custom, ...types] = line.split(' ');
    return types.map((type) => ({ type, standard: Number(standard), custom: Number(custom) }));
  });

function limits(type: string): InstanceLimits {
  const found = limitsOf(type);
  if (found === undefined) throw new Error(`no type ${type}`);
  return found;
}

const raw = (type: string, customNetworking: boolean, mode: 'secondary' | 'prefix' = 'secondary'): number =>
  podRoom({ limits: limits(type), mode, customNetworking, noCeiling: true }).maxPods;

test('the number of every published type is ours', () => {
  const ours = published.map(({ type }) => ({ type, standard: raw(type, false), custom: raw(type, true) }));
  expect(ours).toEqual([...published]);
});

test('there are many of them, of every kind of family', () => {
  const letters = new Set(published.map(({ type }) => /^[a-z]+/.exec(type)?.[0]));
  expect(published.length).toBeGreaterThanOrEqual(130);
  expect([...letters].sort()).toEqual('a bmn c cr d g gr hpc hs i im inf is m mac p r t u vt x z'.split(' '));
});

test('a prefix holds sixteen times as much where the type knows prefixes', () => {
  const wrong = published.filter(({ type, standard }) => {
    const { hypervisor, bareMetal } = limits(type);
    const times = hypervisor === 'nitro' || bareMetal ? 16 : 1;
    return raw(type, false, 'prefix') !== (standard - 2) * times + 2;
  });
  expect(wrong).toEqual([]);
});

test('what is said of every type in every mode is as its schema has it', () => {
  const isRoom = new Ajv().compile(POD_ROOM_SCHEMA);
  const wrong = instanceTypes().flatMap((type) =>
    ADDRESS_MODES.flatMap((mode) => {
      const room = podRoom({ limits: limits(type), mode, customNetworking: false, trunk: true, allCards: true });
      return isRoom(room) ? [] : [{ type, mode, errors: isRoom.errors }];
    }),
  );
  expect(wrong).toEqual([]);
  expect(isRoom({ ok: true })).toBe(false);
});
