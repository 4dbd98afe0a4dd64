import { describe, expect, test } from 'bun:test';
import { cardsOf, decide, type Pool } from '../../../src/pool/index.ts';
import { address, facts, prefix, single } from '../model/sample.ts';
import { assign, given, OLD, PD, pdAddress, plan, pool, range, rest, show } from './sample.ts';

describe('addresses at rest or in doubt are not available', () => {
  test('one that rests does not satisfy the warm target (upstream counts it)', () => {
    const warm = { targets: { warmIp: 1 } };
    expect(plan(rest(pool([single(0)]), OLD + 30_000, address(0)), warm)).toBe('+1 address on eni-0-0');
    const doubted = pool([single(0)]);
    doubted.apply({ kind: 'quarantined', address: address(0), reason: 'kernel', sinceMs: 0 });
    expect(plan(doubted, warm)).toBe('+1 address on eni-0-0');
  });

  test('nor is it given back before its time: the decision comes again when it is over', () => {
    const held = rest(pool([single(0), single(1)]), OLD + 30_000, address(0), address(1));
    held.addCidrs('eni-0-0', [single(2)]);
    const { actions, wakeAtMs } = decide(given(held, { targets: { warmIp: 1, minimumIp: 1 } }));
    expect({ actions, wakeAtMs }).toEqual({ actions: [], wakeAtMs: OLD + 30_000 });
    held.endCooldowns(OLD + 30_000);
    expect(plan(held, { targets: { warmIp: 1, minimumIp: 1 } })).toBe('-10.0.0.1/32 10.0.0.2/32 of eni-0-0');
  });

  test('a prefix with an address at rest is not given back (upstream does)', () => {
    const held = rest(pool([prefix(0), prefix(1), prefix(2)]), OLD + 30_000, pdAddress(0));
    expect(plan(held, { targets: PD })).toBe('-10.64.0.32/28 of eni-0-0');
  });

  test('nor is one that is needed as long as another rests (upstream gives it back and asks for it again)', () => {
    const warm = { targets: { ...PD, warmIp: 5 } };
    const held = pool([prefix(0), prefix(1)]);
    rest(held, OLD + 30_000, ...range(0, 16).map(pdAddress));
    expect(plan(held, warm)).toBe('');
    held.addCidrs('eni-0-0', [prefix(2)]);
    expect(plan(held, warm)).toBe('-10.64.0.32/28 of eni-0-0');
  });

  test('pods that wait on a full node get new addresses where only resting ones stand in the way', () => {
    const full = { limits: { maxPods: 3 }, targets: { warmIp: 1 } };
    const held = rest(assign(pool(range(0, 3).map(single)), address(0)), OLD + 30_000, address(1), address(2));
    expect(plan(held, full)).toBe('');
    expect(plan(held, { ...full, waiting: 2 })).toBe('new 0-1 with 2 address');
  });
});

describe('giving back several at once', () => {
  const held = (soon: number): Pool => {
    const made = pool(range(0, 20).map(single));
    return rest(made, OLD + 2_000, ...range(0, soon).map(address));
  };
  const limits = { slotsPerEni: 49 };
  test('waits a moment for addresses about to be free', () => {
    expect(plan(held(10), { limits, targets: { warmIp: 1, minimumIp: 1 } })).toBe('');
    expect(decide(given(held(10), { limits, targets: { warmIp: 1, minimumIp: 1 } })).wakeAtMs).toBe(OLD + 2_000);
  });
  test('but not for a few while many could go: with pods coming and going it would never come to it', () => {
    expect(plan(held(1), { limits, targets: { warmIp: 1, minimumIp: 1 } })).toStartWith('-10.0.0.2/32');
  });
});

describe('max pods caps every request (upstream takes whole ENIs)', () => {
  test('a whole ENI is cut to what pods can use', () => {
    const limits = { slotsPerEni: 9, maxPods: 8 };
    expect(plan(pool([]), { limits })).toBe('+8 address on eni-0-0');
    expect(plan(assign(pool(range(0, 8).map(single)), ...range(0, 8).map(address)), { limits })).toBe('');
  });
  test('prefixes are rounded up to it, not beyond', () => {
    const limits = { slotsPerEni: 9, maxPods: 20 };
    expect(plan(pool([]), { limits, targets: { mode: 'prefix', warmPrefix: 5 } })).toBe('+2 prefix on eni-0-0');
  });
  test('what EC2 was asked for counts already', () => {
    const held = assign(pool(range(0, 3).map(single)), ...range(0, 3).map(address));
    const few = { limits: { slotsPerEni: 3, maxPods: 4 }, targets: { warmEni: 1 } };
    expect(plan(held, few)).toBe('new 0-1 with 1 address');
    held.addPending({ kind: 'eni', card: 0, device: 1, unit: 'address', count: 1 });
    expect(plan(held, few)).toBe('');
    held.addPending({ kind: 'assign', eniId: 'eni-0-0', unit: 'address', count: 1 });
    expect(plan(held, few)).toBe('');
  });
  test('towards the minimum too', () => {
    const held = pool([single(0)]);
    held.addPending({ kind: 'assign', eniId: 'eni-0-0', unit: 'address', count: 1 });
    expect(plan(held, { targets: { minimumIp: 2 } })).toBe('');
    expect(plan(held, { targets: { minimumIp: 3 } })).toBe('+1 address on eni-0-0');
  });
});

describe('packing', () => {
  test('the emptiest and newest ENI goes first, and none that is less than a minute old', () => {
    const held = assign(pool([single(0), single(1)], [single(2)], [single(3)]), address(0));
    expect(plan(held, { targets: { warmIp: 1, minimumIp: 1 } })).toBe('delete eni-0-2, delete eni-0-1');
    expect(plan(held, { targets: { warmIp: 2, minimumIp: 1 } })).toBe('delete eni-0-2');
    held.putEni(facts(2, { attachedAtMs: OLD - 59_999 }));
    const { actions, wakeAtMs } = decide(given(held, { targets: { warmIp: 2, minimumIp: 1 } }));
    expect(actions.map(show)).toEqual(['-10.0.0.3/32 of eni-0-2']);
    expect(wakeAtMs).toBe(OLD + 1);
  });
  test('new addresses go to the fullest ENI, so that others can empty', () => {
    const held = assign(pool([single(0)], [single(1), single(2)]), ...range(0, 3).map(address));
    expect(plan(held, { targets: { warmIp: 2, minimumIp: 1 } })).toBe('+1 address on eni-0-1, +1 address on eni-0-0');
  });
});

describe('several cards', () => {
  const limits = { cards: [0, 1].map((card) => ({ card, maxEnis: 3 })) };
  test('a further card has one address, and one more than it uses', () => {
    const held = pool(range(0, 3).map(single));
    expect(plan(held, { limits })).toBe('new 1-0 with 1 address');
  });
  test('under prefixes an idle further card keeps its one prefix (upstream gives it back and asks again for ever)', () => {
    const held = pool([prefix(0)]);
    held.putEni(facts(0, { card: 1 }));
    held.addCidrs('eni-1-0', [prefix(1)]);
    expect(plan(held, { limits, targets: PD })).toBe('');
  });
  test('pods the first card cannot serve are wanted of the next', () => {
    const held = assign(pool(range(0, 3).map(single)), ...range(0, 3).map(address));
    const one = {
      cards: [
        { card: 0, maxEnis: 1 },
        { card: 1, maxEnis: 3 },
      ],
    };
    expect(plan(held, { limits: one, waiting: 2 })).toBe('new 1-0 with 3 address');
  });
  test('what a pod with several NICs waits for is wanted of that very card', () => {
    const held = pool([single(0)]);
    held.putEni(facts(0, { card: 1 }));
    held.addCidrs('eni-1-0', [single(100)]);
    const few = { limits: { ...limits, slotsPerEni: 9 }, targets: { warmIp: 1 } };
    assign(held, address(100));
    expect(plan(held, few)).toBe('+1 address on eni-1-0');
    expect(plan(held, { ...few, waitingOn: new Map([[1, 2]]) })).toBe('+3 address on eni-1-0');
    expect(
      plan(held, {
        ...few,
        waiting: 1,
        waitingOn: new Map([
          [0, 1],
          [1, 1],
        ]),
      }),
    ).toBe('+2 address on eni-0-0, +2 address on eni-1-0');
    // Nothing is given back meanwhile that such a pod could be given.
    held.addCidrs('eni-0-0', [1, 2, 3].map(single));
    held.addCidrs('eni-1-0', [single(101)]);
    expect(plan(held, few)).toBe('-10.0.0.1/32 10.0.0.2/32 10.0.0.3/32 of eni-0-0');
    expect(plan(held, { ...few, waitingOn: new Map([[0, 1]]) })).toBe('');
  });
  test('a card of EFA alone, or full of what is not ours, is left alone unless it carries pods already', () => {
    const held = pool([single(0)]);
    const wide = [0, 1, 2, 3].map((card) => ({ card, maxEnis: 2 }));
    held.setForeign([
      { card: 1, device: 1, eniId: 'eni-efa', why: 'efa-only' },
      { card: 2, device: 0, eniId: 'eni-x', why: 'unmanaged' },
      { card: 3, device: 0, eniId: 'eni-y', why: 'unmanaged' },
      { card: 3, device: 1, eniId: 'eni-z', why: 'unmanaged' },
    ]);
    expect(cardsOf({ cards: wide }, held)).toEqual([0, 2]);
    const few = { limits: { cards: wide }, targets: { warmIp: 1 } };
    expect(plan(held, few)).toBe('new 2-1 with 1 address');
    held.putEni(facts(0, { card: 1 }));
    expect(cardsOf({ cards: wide }, held)).toEqual([0, 1, 2]);
  });
  test('a card on which EC2 has no slot is left alone until its time is over, and no other one', () => {
    const held = pool([single(0)]);
    const few = { limits, targets: { warmIp: 4 } };
    const newEniUntilMs = new Map([[1, OLD + 9]]);
    const holds = { growthUntilMs: 0, shrinkUntilMs: 0, newEniUntilMs };
    const both = '+2 address on eni-0-0, new 0-1 with 1 address';
    expect(plan(held, few)).toBe(`${both}, new 1-0 with 1 address`);
    expect(plan(held, { ...few, holds })).toBe(both);
    expect(decide(given(held, { limits, targets: { warmIp: 1 }, holds }))).toMatchObject({
      actions: [],
      wakeAtMs: OLD + 9,
    });
    const mode = { mode: 'ipv6', warmPrefix: 1 } as const;
    expect(plan(held, { limits, targets: mode, holds })).toBe('+1 ipv6-prefix on eni-0-0');
    held.putEni(facts(0, { card: 1 }));
    expect(plan(held, { ...few, holds })).toBe(`${both}, +1 address on eni-1-0`);
  });
  test('a slot is kept for a trunk that is not there yet, on the first card only', () => {
    const held = assign(pool(range(0, 3).map(single)), address(0));
    const one = { card: 1, maxEnis: 1 };
    expect(plan(held, { limits: { cards: [{ card: 0, maxEnis: 2 }] }, trunkReserve: 1 })).toBe('');
    expect(plan(held, { limits: { cards: [{ card: 0, maxEnis: 2 }, one] }, trunkReserve: 1 })).toBe(
      'new 1-0 with 1 address',
    );
    expect(plan(held, { limits: { cards: [{ card: 0, maxEnis: 2 }] }, trunkReserve: 0 })).toBe(
      'new 0-1 with 3 address',
    );
  });
});

describe('subnets without room', () => {
  const used = (): Pool => assign(pool([single(0)]), address(0));
  test('one found full is asked for nothing more until it has rested', () => {
    const warm = { targets: { warmIp: 1 } };
    const full = { full: new Set(['subnet-1']) };
    expect(plan(used(), warm)).toBe('+1 address on eni-0-0');
    expect(plan(used(), { ...warm, ...full })).toBe('new 0-1 with 1 address');
    expect(plan(used(), { ...warm, ...full, newEniFull: true })).toBe('');
    expect(plan(used(), { ...warm, newEniFull: true })).toBe('+1 address on eni-0-0');
    const { wakeAtMs } = decide(given(used(), { ...warm, ...full, newEniFull: true }));
    expect(wakeAtMs).toBe(OLD + 30_000);
  });
  test('without a free /28 single addresses are taken where the operator allows it', () => {
    const pieces = { fragmented: new Set(['subnet-1']), newEniFragmented: true };
    expect(plan(pool([]), { targets: { ...PD, warmIp: 2 }, ...pieces })).toBe('');
    expect(decide(given(pool([]), { targets: PD, ...pieces })).wakeAtMs).toBe(OLD + 30_000);
    const allowed = { ...PD, warmIp: 2, fallbackToAddresses: true };
    expect(plan(pool([]), { targets: allowed, ...pieces })).toBe('+2 address on eni-0-0');
    const elsewhere = { fragmented: pieces.fragmented, newEniFragmented: false };
    expect(plan(pool([]), { targets: PD, ...elsewhere })).toBe('new 0-1 with 1 prefix');
  });
  test('those addresses stay as good as any, and go when there are too many', () => {
    const allowed = { ...PD, warmIp: 2, minimumIp: 1, fallbackToAddresses: true };
    expect(plan(pool([single(0), single(1)]), { targets: allowed })).toBe('');
    expect(plan(pool([single(0), single(1), single(2)]), { targets: allowed })).toBe('-10.0.0.2/32 of eni-0-0');
    expect(plan(pool([single(0), single(1), prefix(0)]), { targets: allowed })).toBe(
      '-10.0.0.0/32 10.0.0.1/32 of eni-0-0',
    );
  });
});
