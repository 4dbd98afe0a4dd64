import { describe, expect, test } from 'bun:test';
import { GATHER_LIMIT_MS } from '../../src/pool/decide/shrink.ts';
import { type DecideInput, decide, ENI_MIN_AGE_MS, type Pool, type PoolAction } from '../../src/pool/index.ts';
import { eni, having, NOW, pool, SMALL, targets } from './sample.ts';

const FREE = { growthUntilMs: 0, shrinkUntilMs: 0 };

const input = (view: Pool, change: Partial<DecideInput> = {}): DecideInput => ({
  view,
  limits: SMALL,
  targets: targets(1),
  waiting: 0,
  nowMs: NOW,
  holds: FREE,
  permits: { grow: true, shrink: true, freeEnis: true },
  trunkReserve: 0,
  fragmented: new Set(),
  newEniFragmented: false,
  full: new Set(),
  newEniFull: false,
  ...change,
});

const show = (action: PoolAction): string => {
  switch (action.kind) {
    case 'assign':
      return `+${action.count} on ${action.eniId}`;
    case 'create-eni':
      return `new eni-${action.device} with ${action.count}`;
    case 'unassign':
      return `-${action.cidrs.length} on ${action.eniId}`;
    case 'delete-eni':
      return `delete ${action.eniId}`;
    default:
      return action satisfies never;
  }
};
const plan = (view: Pool, change: Partial<DecideInput> = {}): string =>
  decide(input(view, change)).actions.map(show).join(', ');
const NEW_ENI = { kind: 'eni', card: 0, device: 1, unit: 'address' } as const;

describe('growth', () => {
  const young = { attachedAtMs: NOW };
  const rows: readonly (readonly [string, Pool, Partial<DecideInput>, string])[] = [
    ['fills the primary ENI first', pool(eni(0, '')), {}, '+3 on eni-0'],
    ['is content with one warm ENI', pool(eni(0, 'fff')), {}, ''],
    ['asks for a whole ENI once one address is used', pool(eni(0, 'aff')), {}, 'new eni-1 with 3'],
    [
      'plans the whole deficit at once',
      pool(eni(0, 'a')),
      { targets: targets(2) },
      '+2 on eni-0, new eni-1 with 3, new eni-2 with 3',
    ],
    ['asks for one warm address only in address mode', pool(eni(0, 'a')), { targets: targets(1, 1) }, '+1 on eni-0'],
    ['reaches the minimum first', pool(eni(0, '')), { targets: targets(1, 2, 5) }, '+3 on eni-0, new eni-1 with 2'],
    [
      'keeps the warm target above the minimum',
      pool(eni(0, 'aaa'), eni(1, 'aa')),
      { targets: targets(1, 2, 5) },
      '+1 on eni-1, new eni-2 with 1',
    ],
    [
      'counts waiting pods on top',
      pool(eni(0, 'aaa')),
      { targets: targets(1, 1), waiting: 3 },
      'new eni-1 with 3, new eni-2 with 1',
    ],
    [
      'grows for a waiting pod when only a minimum is set',
      pool(eni(0, 'aaa')),
      { targets: targets(1, 0, 3), waiting: 1 },
      'new eni-1 with 1',
    ],
    ['does not count a resting address as free', pool(eni(0, 'ccc')), { targets: targets(1, 1) }, 'new eni-1 with 1'],
    ['stops at the last ENI', pool(eni(0, 'aaa'), eni(1, 'aaa'), eni(2, 'aaa')), { waiting: 2 }, ''],
    ['stops at max pods', pool(eni(0, 'aff')), { limits: { ...SMALL, maxPods: 3 } }, ''],
    ['caps a new ENI by max pods', pool(eni(0, 'aaf')), { limits: { ...SMALL, maxPods: 5 } }, 'new eni-1 with 2'],
    ['takes the lowest device nobody has', pool(eni(0, 'aaa'), eni(2, 'aaa')), {}, 'new eni-1 with 3'],
    [
      'leaves slots of foreign ENIs alone',
      having(pool(eni(0, 'aaa')), (one) => one.setForeign([{ card: 0, device: 1, eniId: 'eni-x', why: 'trunk' }])),
      {},
      'new eni-2 with 3',
    ],
    ['keeps a slot for a trunk', pool(eni(0, 'aaa'), eni(1, 'aaa')), { trunkReserve: 1 }, ''],
    ['waits while it is held back', pool(eni(0, '')), { holds: { ...FREE, growthUntilMs: NOW + 500 } }, ''],
    [
      'with a whole-ENI target of 0, asks when nothing is free',
      pool(eni(0, 'aaa')),
      { targets: targets(0) },
      'new eni-1 with 3',
    ],
    ['with a whole-ENI target of 0, is content with one free', pool(eni(0, 'aaf')), { targets: targets(0) }, ''],
    [
      'does not use an ENI on its way out',
      pool(eni(0, 'aaa'), eni(1, '', { ...young, leaving: true })),
      {},
      'new eni-2 with 3',
    ],
  ];
  for (const [name, state, change, expected] of rows) test(name, () => expect(plan(state, change)).toBe(expected));

  test('uses the room of an ENI on its way before it asks for another one', () => {
    const state = having(pool(eni(0, 'aaa')), (one) => one.addPending({ ...NEW_ENI, count: 1 }));
    const need = (waiting: number): string => plan(state, { targets: targets(1, 1), waiting });
    expect([need(1), need(2), need(3)]).toEqual(['', '', 'new eni-2 with 1']);
  });

  test('counts what EC2 was already asked for', () => {
    const state = having(pool(eni(0, 'aff')), (one) => one.addPending({ ...NEW_ENI, count: 3 }));
    expect(plan(state)).toBe('');
  });
});

describe('shrink', () => {
  const rows: readonly (readonly [string, Pool, Partial<DecideInput>, string])[] = [
    ['gives back an idle ENI beyond the target', pool(eni(0, 'fff'), eni(1, 'fff')), {}, 'delete eni-1'],
    [
      'the newest of two goes first',
      pool(eni(0, 'fff'), eni(1, 'fff'), eni(2, 'fff')),
      {},
      'delete eni-2, delete eni-1',
    ],
    ['keeps an ENI the target needs', pool(eni(0, 'aff'), eni(1, 'fff')), {}, ''],
    ['never gives back the primary ENI', pool(eni(0, 'fff')), { targets: targets(0) }, ''],
    ['keeps an ENI with a pod', pool(eni(0, 'fff'), eni(1, 'aff')), {}, ''],
    ['keeps an ENI with a resting address', pool(eni(0, 'fff'), eni(1, 'cff')), {}, ''],
    ['keeps a young ENI', pool(eni(0, 'fff'), eni(1, 'fff', { attachedAtMs: NOW - 1 })), {}, ''],
    [
      'in address mode gives addresses back, emptiest ENI first',
      pool(eni(0, 'aff'), eni(1, 'aaf')),
      { targets: targets(1, 1) },
      '-2 on eni-0',
    ],
    [
      'in address mode empties a young ENI it cannot delete yet',
      pool(eni(0, 'aff'), eni(1, 'ff', { attachedAtMs: NOW })),
      { targets: targets(1, 2) },
      '-2 on eni-1',
    ],
    [
      'deletes an ENI that was emptied before',
      pool(eni(0, 'aff'), eni(1, '')),
      { targets: targets(1, 2) },
      'delete eni-1',
    ],
    [
      'respects the minimum',
      pool(eni(0, 'fff'), eni(1, 'f', { attachedAtMs: NOW })),
      { targets: targets(1, 1, 4) },
      '',
    ],
    [
      'does nothing while growth is under way',
      having(pool(eni(0, 'fff'), eni(1, 'fff')), (one) => one.addPending({ ...NEW_ENI, device: 2, count: 3 })),
      {},
      '',
    ],
    [
      'does nothing while it is held back',
      pool(eni(0, 'fff'), eni(1, 'fff')),
      { holds: { ...FREE, shrinkUntilMs: NOW + 1 } },
      '',
    ],
  ];
  for (const [name, state, change, expected] of rows) test(name, () => expect(plan(state, change)).toBe(expected));

  test('waits for addresses about to leave their cooldown, to give all back in one call', () => {
    const state = pool(eni(0, 'fff'), eni(1, 'fc', { restUntilMs: NOW + 2_000 }));
    expect(decide(input(state, { targets: targets(1, 1) }))).toEqual({
      actions: [],
      wakeAtMs: NOW + 2_000,
      gathering: true,
    });
    state.endCooldowns(NOW + 2_000);
    expect(plan(state, { targets: targets(1, 1), nowMs: NOW + 2_000 })).toBe('delete eni-1, -2 on eni-0');
  });
  test('does not wait for ever: where pods come and go all the time, some address is always about to be free', () => {
    const churning = pool(eni(0, 'fff'), eni(1, 'fc', { restUntilMs: NOW + 2_000 }));
    const since = (gatheringSinceMs: number) => decide(input(churning, { targets: targets(1, 1), gatheringSinceMs }));
    expect(since(NOW + 1 - GATHER_LIMIT_MS)).toMatchObject({ actions: [], gathering: true });
    expect(since(NOW - GATHER_LIMIT_MS)).toMatchObject({ gathering: false });
    expect(plan(churning, { targets: targets(1, 1), gatheringSinceMs: NOW - GATHER_LIMIT_MS })).toBe(
      '-1 on eni-1, -2 on eni-0',
    );
  });
  test('gathers nothing where nothing can go', () => {
    expect(decide(input(pool(eni(0, 'afc')), { targets: targets(1, 1) }))).toMatchObject({ gathering: false });
  });
});

describe('wake', () => {
  test('names the time a young idle ENI may go', () => {
    const state = pool(eni(0, 'fff'), eni(1, 'fff', { attachedAtMs: NOW - 1_000 }));
    expect(decide(input(state)).wakeAtMs).toBe(NOW - 1_000 + ENI_MIN_AGE_MS);
  });
  test('names the end of a hold', () => {
    expect(decide(input(pool(eni(0, '')), { holds: { ...FREE, growthUntilMs: NOW + 70 } })).wakeAtMs).toBe(NOW + 70);
  });
  test('is silent when time alone changes nothing: a full node never spins', () => {
    const full = pool(eni(0, 'aaa'), eni(1, 'aaa'), eni(2, 'aaa'));
    expect(decide(input(full, { waiting: 3 }))).toMatchObject({ actions: [], wakeAtMs: undefined });
  });
});
