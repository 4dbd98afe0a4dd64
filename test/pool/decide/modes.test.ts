import { describe, expect, test } from 'bun:test';
import { decide } from '../../../src/pool/index.ts';
import { address, Granting, owner, prefix, settle, single } from '../model/sample.ts';
import { assign, given, OLD, PD, plan, pool, range } from './sample.ts';

describe('what another mode left behind (ipamd reference §3.6)', () => {
  test('prefixes first, then the single addresses go: the node is never without', () => {
    const held = pool([single(0), single(1)]);
    expect(plan(held, { targets: PD })).toBe('+1 prefix on eni-0-0');
    held.addCidrs('eni-0-0', [prefix(0)]);
    expect(plan(held, { targets: PD })).toBe('-10.0.0.0/32 10.0.0.1/32 of eni-0-0');
  });
  test('where they fill the ENI they go first, and no ENI is made for want of their slots, not even for pods that wait', () => {
    const prefixes = range(0, 3).map(prefix);
    const gone = '-10.64.0.0/28 10.64.0.16/28 10.64.0.32/28 of eni-0-0';
    expect(plan(pool(prefixes))).toBe(gone);
    expect(plan(pool(prefixes), { waiting: 1 })).toBe(gone);
    const going = pool(prefixes);
    going.setReleasing('eni-0-0', prefixes, true);
    expect(plan(going, { waiting: 1 })).toBe('');
    const failing = { growthUntilMs: 0, shrinkUntilMs: OLD + 1 };
    expect(plan(pool(prefixes), { waiting: 1, holds: failing })).toBe('new 0-1 with 3 address, new 0-2 with 3 address');
  });
  test('one in use stays until its pod goes and its rest is over', () => {
    const held = assign(pool([single(0), prefix(0)]), address(0));
    expect(plan(held, { targets: PD })).toBe('');
    for (const event of held.release(owner(address(0)), OLD + 30_000)) held.apply(event);
    expect(plan(held, { targets: PD })).toBe('');
    held.endCooldowns(OLD + 30_000);
    expect(plan(held, { targets: PD })).toBe('-10.0.0.0/32 of eni-0-0');
  });
  test('an excluded or spared ENI gives its free addresses back, and itself when it is idle', () => {
    const held = pool(range(0, 3).map(single), [single(8)], range(3, 3).map(single));
    held.setService('eni-0-0', 'no-new-pods');
    held.setService('eni-0-1', 'no-new-pods');
    assign(held, address(0));
    const expected = 'delete eni-0-1, -10.0.0.1/32 10.0.0.2/32 of eni-0-0';
    expect(plan(held)).toBe(expected);
    expect(plan(held, { waiting: 1, limits: { cards: [{ card: 0, maxEnis: 3 }], maxPods: 4 } })).toBe(expected);
  });
});

describe('IPv6', () => {
  const mode = { targets: { mode: 'ipv6' } } as const;
  test('one /80 on the primary ENI, or on a new one where that gives no pods any', () => {
    expect(plan(pool([]), mode)).toBe('+1 ipv6-prefix on eni-0-0');
    const spared = pool([]);
    spared.setService('eni-0-0', 'no-new-pods');
    expect(plan(spared, mode)).toBe('new 0-1 with 1 ipv6-prefix');
    const held = pool(['2001:db8:0:1::/80']);
    expect(plan(held, mode)).toBe('');
    expect(plan(held, { ...mode, waiting: 300 })).toBe('');
  });
  test('and one on each further card', () => {
    const limits = { cards: [0, 1].map((card) => ({ card, maxEnis: 3 })) };
    expect(plan(pool(['2001:db8:0:1::/80']), { ...mode, limits })).toBe('new 1-0 with 1 ipv6-prefix');
  });
});

describe('rest', () => {
  test('a full node asks for nothing, and says when to look again', () => {
    const held = assign(pool(...[0, 3, 6].map((from) => range(from, 3).map(single))), ...range(0, 9).map(address));
    expect(decide(given(held, { waiting: 3 }))).toMatchObject({ actions: [], wakeAtMs: undefined });
  });
  test('a lane held back does nothing until its time, and holds the other one back not at all', () => {
    const holds = { growthUntilMs: OLD + 500, shrinkUntilMs: 0 };
    expect(decide(given(pool([]), { holds }))).toMatchObject({ actions: [], wakeAtMs: OLD + 500 });
    const much = pool([single(0), single(1), single(2)]);
    expect(plan(much, { targets: { warmIp: 1, minimumIp: 1 }, holds })).toBe('-10.0.0.1/32 10.0.0.2/32 of eni-0-0');
    expect(
      decide(
        given(much, { targets: { warmIp: 1, minimumIp: 1 }, holds: { growthUntilMs: 0, shrinkUntilMs: OLD + 9 } }),
      ),
    ).toMatchObject({
      actions: [],
      wakeAtMs: OLD + 9,
    });
  });
  test('a node that takes no pods neither grows nor frees ENIs, but gives addresses back', () => {
    const permits = { grow: false, shrink: true, freeEnis: false };
    expect(plan(pool([]), { permits })).toBe('');
    const held = pool([single(0)], [single(1)]);
    expect(plan(held, { permits, targets: { warmIp: 1, minimumIp: 1 } })).toBe('-10.0.0.1/32 of eni-0-1');
    expect(plan(held, { permits: { ...permits, shrink: false }, targets: { warmIp: 1, minimumIp: 1 } })).toBe('');
  });
  test('the way from prefixes to addresses and back comes to an end', () => {
    const held = pool([]);
    const ec2 = new Granting();
    settle(held, ec2, () => given(held, { targets: PD }));
    settle(held, ec2, () => given(held, {}));
    expect([...(held.enis.get('eni-0-0')?.cidrs.values() ?? [])].map(({ kind }) => kind)).toEqual([
      'address',
      'address',
      'address',
    ]);
    settle(held, ec2, () => given(held, { targets: PD }));
    expect([...(held.enis.get('eni-0-0')?.cidrs.values() ?? [])].map(({ kind }) => kind)).toEqual(['prefix']);
    expect(held.enis.size).toBe(1);
  });
});
