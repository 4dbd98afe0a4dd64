import { describe, expect, test } from 'bun:test';
import { assignAddress, explainRefusal, releaseAddress } from '../../src/pool/index.ts';
import { address, eni, NOW, owner, pool, SMALL, show } from './sample.ts';

const ask = (n: number, nowMs = NOW) => ({ owner: owner(n), nowMs, since: 7n });

describe('assignAddress()', () => {
  test('takes from the fullest ENI, so that others can empty', () => {
    const assigned = assignAddress(pool(eni(0, 'aff'), eni(1, 'aaf')), ask(1));
    expect(assigned?.allocation.eni).toMatchObject({ id: 'eni-1', table: 2 });
    expect(assigned && show(assigned.state)).toBe('eni-0:aff eni-1:aaa');
  });
  test('gives the same owner the same address again and changes nothing', () => {
    const first = assignAddress(pool(eni(0, 'fff')), ask(1));
    const again = first && assignAddress(first.state, ask(1));
    expect(again?.allocation.address).toBe(first?.allocation.address ?? address(0));
    expect(again?.state).toBe(first?.state ?? pool());
  });
  test('does not hand out an address that rests, is going back, or sits on a leaving ENI', () => {
    expect(assignAddress(pool(eni(0, 'acr'), eni(1, 'fff', { leaving: true })), ask(1))).toBeUndefined();
  });
  test('hands out a rested address', () => {
    expect(assignAddress(pool(eni(0, 'aca')), ask(1, NOW + 20_000))?.allocation.address).toBe(address(1));
  });
});

describe('releaseAddress()', () => {
  test('puts the address to rest', () => {
    const assigned = assignAddress(pool(eni(0, 'ff')), ask(1));
    const released = assigned && releaseAddress(assigned.state, { owner: owner(1), untilMs: NOW + 30_000 });
    expect(released && show(released.state)).toBe('eni-0:cf');
  });
  test('knows nothing of an owner that never came', () => {
    expect(releaseAddress(pool(eni(0, 'ff')), { owner: owner(9), untilMs: NOW })).toBeUndefined();
  });
  test('forgets an orphan', () => {
    const orphan = { address: address(9), owner: owner(9), since: 0n };
    const released = releaseAddress({ ...pool(eni(0, 'f')), orphans: [orphan] }, { owner: owner(9), untilMs: NOW });
    expect(released?.allocation).toEqual({ ...orphan, eni: undefined });
    expect(released?.state.orphans).toEqual([]);
  });
});

test.each([
  [
    'growth under way',
    { ...pool(eni(0, 'aaa')), pending: [{ kind: 'eni', device: 1, count: 3 } as const] },
    { kind: 'growing', wanted: 3 },
  ],
  [
    'a full node whose free addresses rest',
    pool(eni(0, 'aac'), eni(1, 'aaa'), eni(2, 'aaa')),
    { kind: 'cooldown', count: 1, waitMs: 20_000 },
  ],
  [
    'a full node',
    pool(eni(0, 'aaa'), eni(1, 'aaa'), eni(2, 'aaa')),
    { kind: 'full', attached: 3, assigned: 9, total: 9 },
  ],
  ['a node EC2 gives nothing', pool(eni(0, 'aaa')), { kind: 'short' }],
])('explainRefusal() tells %s', (_, state, expected) => {
  expect(explainRefusal(state, SMALL, NOW)).toEqual(expected as ReturnType<typeof explainRefusal>);
});
