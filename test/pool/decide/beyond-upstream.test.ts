import { describe, expect, test } from 'bun:test';
import {
  addressIn,
  type DecideInput,
  decide,
  type PodAddress,
  Pool,
  type PoolAction,
} from '../../../src/pool/index.ts';
import { address, facts, Granting, input, owner, prefix, settle, single, T3_SMALL, TARGETS } from '../model/sample.ts';

const OLD = 3_600_000;
const range = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, n) => from + n);

function pool(...cidrs: readonly (readonly string[])[]): Pool {
  const made = new Pool();
  cidrs.forEach((held, device) => {
    made.putEni(facts(device));
    made.addCidrs(`eni-0-${device}`, held);
  });
  return made;
}
function assign(held: Pool, ...addresses: readonly PodAddress[]): Pool {
  for (const each of addresses) held.apply({ kind: 'assigned', address: each, owner: owner(each), since: 1n });
  return held;
}
function rest(held: Pool, untilMs: number, ...addresses: readonly PodAddress[]): Pool {
  assign(held, ...addresses);
  for (const each of addresses) for (const event of held.release(owner(each), untilMs)) held.apply(event);
  return held;
}
const show = (action: PoolAction): string => {
  switch (action.kind) {
    case 'assign':
      return `+${action.count} ${action.unit} on ${action.eniId}`;
    case 'create-eni':
      return `new ${action.card}-${action.device} with ${action.count} ${action.unit}`;
    case 'unassign':
      return `-${action.cidrs.join(' ')} of ${action.eniId}`;
    case 'delete-eni':
      return `delete ${action.eniId}`;
    default:
      return action satisfies never;
  }
};
type Change = Partial<Omit<DecideInput, 'targets' | 'limits'>> & {
  readonly targets?: Partial<DecideInput['targets']>;
  readonly limits?: Partial<DecideInput['limits']>;
};
const given = (held: Pool, { targets, limits, ...change }: Change): DecideInput =>
  input(held, { limits: { ...T3_SMALL, ...limits }, targets: { ...TARGETS, ...targets } }, { nowMs: OLD, ...change });
const plan = (held: Pool, change: Change = {}): string => decide(given(held, change)).actions.map(show).join(', ');

const PD = { mode: 'prefix', warmPrefix: 1 } as const;
const pdAddress = (n: number): PodAddress => addressIn(prefix(0), n);

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
  test('a slot is kept for a trunk that is not there yet, on the first card only', () => {
    const held = assign(pool(range(0, 3).map(single)), address(0));
    expect(plan(held, { limits: { cards: [{ card: 0, maxEnis: 2 }] }, trunkReserve: 1 })).toBe('');
    expect(plan(held, { limits: { cards: [{ card: 0, maxEnis: 2 }] }, trunkReserve: 0 })).toBe(
      'new 0-1 with 3 address',
    );
  });
});

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
    expect(decide(given(held, { waiting: 3 }))).toEqual({ actions: [], wakeAtMs: undefined });
  });
  test('a lane held back does nothing until its time, and holds the other one back not at all', () => {
    const holds = { growthUntilMs: OLD + 500, shrinkUntilMs: 0 };
    expect(decide(given(pool([]), { holds }))).toEqual({ actions: [], wakeAtMs: OLD + 500 });
    const much = pool([single(0), single(1), single(2)]);
    expect(plan(much, { targets: { warmIp: 1, minimumIp: 1 }, holds })).toBe('-10.0.0.1/32 10.0.0.2/32 of eni-0-0');
    expect(
      decide(
        given(much, { targets: { warmIp: 1, minimumIp: 1 }, holds: { growthUntilMs: 0, shrinkUntilMs: OLD + 9 } }),
      ),
    ).toEqual({
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
