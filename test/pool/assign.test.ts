import { describe, expect, test } from 'bun:test';
import { explainRefusal, type Pool, type PoolEvent } from '../../src/pool/index.ts';
import { address, eni, having, NOW, owner, pool, SMALL, show, single } from './sample.ts';

const ask = (n: number) => ({ owner: owner(n), since: 7n, kinds: ['address' as const], cards: [0] });

/** Gives the owner what the pool chooses. */
function give(made: Pool, n: number): string | undefined {
  const choice = made.choose(ask(n));
  if (choice?.kind === 'new') made.apply(choice.event);
  return made.find(owner(n))[0]?.address;
}

describe('choose()', () => {
  test('takes from the fullest ENI, so that others can empty', () => {
    const made = pool(eni(0, 'aff'), eni(1, 'aaf'));
    give(made, 1);
    expect(made.find(owner(1))[0]?.eni).toMatchObject({ id: 'eni-1', table: 2 });
    expect(show(made)).toBe('eni-0:aff eni-1:aaa');
  });
  test('gives the same owner the same address again and changes nothing', () => {
    const made = pool(eni(0, 'aff'));
    const first = give(made, 1);
    expect(made.choose(ask(1))).toMatchObject({ kind: 'present', allocation: { address: first } });
  });
  test('changes nothing by itself: what is not applied has not happened', () => {
    const made = pool(eni(0, 'aff'));
    made.choose(ask(1));
    expect([show(made), made.find(owner(1))]).toEqual(['eni-0:aff', []]);
  });
  test('does not hand out an address that rests, is going back, or sits on a leaving ENI', () => {
    expect(pool(eni(0, 'acr'), eni(1, 'fff', { leaving: true })).choose(ask(1))).toBeUndefined();
  });
  test('does not hand out an address in quarantine, until it is cleared', () => {
    const made = pool(eni(0, 'f'));
    made.apply({ kind: 'quarantined', address: address(0), reason: 'host-link', sinceMs: NOW });
    expect(give(made, 1)).toBeUndefined();
    made.apply({ kind: 'cleared', address: address(0) });
    expect(give(made, 1)).toBe(address(0));
  });
  test('hands out a rested address', () => {
    const made = pool(eni(0, 'aca'));
    expect(made.choose(ask(1))).toBeUndefined();
    made.endCooldowns(NOW + 20_000);
    expect(give(made, 1)).toBe(address(1));
  });
  test('gives no new pod an address of an ENI that takes none', () => {
    expect(pool(eni(0, 'fff', { service: 'no-new-pods' })).choose(ask(1))).toBeUndefined();
  });
});

describe('release()', () => {
  test('puts the address to rest', () => {
    const made = pool(eni(0, 'ff'));
    give(made, 1);
    for (const event of made.release(owner(1), NOW + 30_000)) made.apply(event);
    expect(show(made)).toBe('eni-0:cf');
  });
  test('knows nothing of an owner that never came', () => {
    expect(pool(eni(0, 'ff')).release(owner(9), NOW)).toEqual([]);
  });
  test('forgets an orphan', () => {
    const made = pool(eni(0, 'f'));
    made.apply({ kind: 'assigned', address: address(9), owner: owner(9), since: 0n });
    expect(made.orphans.map((each) => each.address)).toEqual([address(9)]);
    for (const event of made.release(owner(9), NOW)) made.apply(event);
    expect([made.orphans, show(made)]).toEqual([[], 'eni-0:f']);
  });
  test('of two who claim one address, the one who goes takes nothing from the other', () => {
    const made = pool(eni(0, 'f'));
    const claim = (n: number): PoolEvent => ({ kind: 'assigned', address: address(0), owner: owner(n), since: 0n });
    for (const n of [1, 2]) made.apply(claim(n));
    for (const event of made.release(owner(2), NOW)) made.apply(event);
    expect([show(made), made.orphans]).toEqual(['eni-0:a', []]);
  });
});

describe('what EC2 takes away', () => {
  test('an address of a running pod becomes an orphan, and comes home when EC2 lists it again', () => {
    const made = pool(eni(0, 'ff'));
    give(made, 1);
    made.removeCidrs('eni-0', [single(0)]);
    expect([show(made), made.orphans.length, made.find(owner(1)).length]).toEqual(['eni-0:f', 1, 1]);
    made.addCidrs('eni-0', [single(0)]);
    expect([show(made), made.orphans.length]).toEqual(['eni-0:fa', 0]);
  });
  test('an ENI goes with its free addresses, and no pod is forgotten', () => {
    const made = pool(eni(0, 'f'), eni(1, 'acf'));
    made.removeEni('eni-1');
    expect([show(made), made.allocations().length]).toEqual(['eni-0:f', 1]);
  });
  test('an address at rest that EC2 takes away and brings again rests on, and no longer', () => {
    const made = pool(eni(0, 'cf'));
    made.removeCidrs('eni-0', [single(0)]);
    made.addCidrs('eni-0', [single(0)]);
    expect(show(made)).toBe('eni-0:fc');
    made.removeCidrs('eni-0', [single(0)]);
    made.endCooldowns(NOW + 20_000);
    made.addCidrs('eni-0', [single(0)]);
    expect(show(made)).toBe('eni-0:ff');
  });
  test('new facts of an ENI leave its pods alone', () => {
    const made = pool(eni(0, 'acrf'));
    const before = show(made);
    made.putEni({ ...eni(0, '').facts, service: 'no-new-pods' });
    expect([show(made), made.enis.get('eni-0')?.service]).toEqual([before, 'no-new-pods']);
  });
});

describe('a prefix', () => {
  const prefix = '10.1.0.16/28';
  const take = (made: Pool, n: number, kinds: readonly ('address' | 'prefix' | 'ipv6-prefix')[]) => {
    const choice = made.choose({ ...ask(n), kinds });
    if (choice?.kind === 'new') made.apply(choice.event);
    return made.find(owner(n))[0]?.address;
  };
  const made = (cidrs: readonly string[]): Pool => having(pool(eni(0, '')), (one) => one.addCidrs('eni-0', cidrs));

  test('gives all its sixteen addresses, the first and the last included', () => {
    const one = made([prefix]);
    const given = Array.from({ length: 17 }, (_, n) => take(one, n, ['prefix']));
    expect([given[0], given[15], given[16]].map(String)).toEqual(['10.1.0.16', '10.1.0.31', 'undefined']);
  });
  test('the fullest prefix gives first, so that others can go', () => {
    const one = made([prefix, '10.1.0.32/28']);
    take(one, 1, ['prefix']);
    expect(String(take(one, 2, ['prefix']))).toBe('10.1.0.17');
  });
  test('single addresses come after prefixes', () => {
    const one = made([single(7), prefix]);
    expect(String(take(one, 1, ['prefix', 'address']))).toBe('10.1.0.16');
  });
  test('a /80 gives one after the other and never again what rests', () => {
    const one = made(['2001:db8:0:1::/80']);
    expect([1, 2].map((n) => String(take(one, n, ['ipv6-prefix'])))).toEqual(['2001:db8:0:1::', '2001:db8:0:1::1']);
    for (const event of one.release(owner(1), NOW)) one.apply(event);
    expect(String(take(one, 3, ['ipv6-prefix']))).toBe('2001:db8:0:1::2');
  });
});

test.each([
  [
    'growth under way',
    having(pool(eni(0, 'aaa')), (one) =>
      one.addPending({ kind: 'eni', card: 0, device: 1, unit: 'address', count: 3 }),
    ),
    { kind: 'growing', wanted: 3 },
  ],
  [
    'a full node whose free addresses rest',
    pool(eni(0, 'aac'), eni(1, 'aaa'), eni(2, 'aaa')),
    { kind: 'cooldown', count: 1, waitMs: 20_000 },
  ],
  [
    'a rest in whole milliseconds, for the clock counts finer',
    pool(eni(0, 'aac', { restUntilMs: NOW + 0.25 }), eni(1, 'aaa'), eni(2, 'aaa')),
    { kind: 'cooldown', count: 1, waitMs: 1 },
  ],
  [
    'a full node',
    pool(eni(0, 'aaa'), eni(1, 'aaa'), eni(2, 'aaa')),
    { kind: 'full', attached: 3, assigned: 9, total: 9 },
  ],
  ['a node EC2 gives nothing', pool(eni(0, 'aaa')), { kind: 'short' }],
])('explainRefusal() tells %s', (_, view, expected) => {
  expect(explainRefusal(view, SMALL, 'secondary', NOW)).toEqual(expected as ReturnType<typeof explainRefusal>);
});
