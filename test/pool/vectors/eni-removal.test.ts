import { describe, expect, test } from 'bun:test';
import { decide, ENI_MIN_AGE_MS, type EniFacts, Pool } from '../../../src/pool/index.ts';
import { address, facts, input, owner, single, T3_SMALL, TARGETS } from '../model/sample.ts';

/** A primary ENI with 2 addresses in use, E2 with 2 free ones, and E3 with 1, unless it has gone. */
function pool(change: { readonly e3?: Partial<EniFacts> | 'gone' } = {}): Pool {
  const made = new Pool();
  made.putEni(facts(0));
  made.addCidrs('eni-0-0', [single(0), single(1)]);
  for (const n of [0, 1]) made.apply({ kind: 'assigned', address: address(n), owner: owner(n), since: 1n });
  made.putEni(facts(1));
  made.addCidrs('eni-0-1', [single(2), single(3)]);
  if (change.e3 === 'gone') return made;
  made.putEni(facts(2, change.e3 ?? {}));
  made.addCidrs('eni-0-2', [single(4)]);
  return made;
}

function removed(held: Pool, warmIp: number, minimumIp: number): readonly string[] {
  const node = { limits: T3_SMALL, targets: { ...TARGETS, warmIp, minimumIp } };
  const { actions } = decide(input(held, node, { nowMs: ENI_MIN_AGE_MS }));
  return actions.flatMap((action) => (action.kind === 'delete-eni' ? [action.eniId] : []));
}

describe('ENIs that are freed', () => {
  const rows = [
    { name: 'the warm target needs all', targets: [3, 1], freed: [] },
    { name: 'the minimum needs all', targets: [1, 5], freed: [] },
    { name: 'the one with the least to lose', targets: [2, 4], freed: ['eni-0-2'] },
  ] as const;
  for (const { name, targets, freed } of rows)
    test(`${name}: WARM ${targets[0]} MIN ${targets[1]}`, () =>
      expect(removed(pool(), targets[0], targets[1])).toEqual([...freed]));

  test('after that, none while the minimum needs it, then the next', () => {
    expect(removed(pool({ e3: 'gone' }), 0, 3)).toEqual([]);
    expect(removed(pool({ e3: 'gone' }), 0, 2)).toEqual(['eni-0-1']);
  });

  test('never one with EFA, one still young, or the primary one', () => {
    expect(removed(pool({ e3: { efa: true } }), 2, 4)).toEqual([]);
    expect(removed(pool({ e3: { attachedAtMs: 1 } }), 2, 4)).toEqual([]);
    const lone = new Pool();
    lone.putEni(facts(0));
    lone.addCidrs('eni-0-0', [single(0), single(1), single(2)]);
    expect(removed(lone, 1, 1)).toEqual([]);
  });

  test('never a trunk: it is no ENI of the pool at all', () => {
    const held = pool({ e3: 'gone' });
    held.setForeign([{ card: 0, device: 2, eniId: 'eni-trunk', why: 'trunk' }]);
    expect(removed(held, 0, 2)).toEqual(['eni-0-1']);
  });
});
