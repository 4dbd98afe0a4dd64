import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type DecideInput,
  decide,
  ENI_MIN_AGE_MS,
  kindsOf,
  Pool,
  type PoolAction,
  type PoolEni,
  type PoolMode,
} from '../../../src/pool/index.ts';
import { facts, Granting, input, owner, prefix, settle, single, TARGETS } from '../model/sample.ts';

const NOW = 10 * ENI_MIN_AGE_MS;

const held = fc.record({
  kind: fc.constantFrom('address' as const, 'prefix' as const),
  use: fc.constantFrom(
    'free' as const,
    'free' as const,
    'assigned' as const,
    'cooldown' as const,
    'quarantine' as const,
  ),
});
const node = fc.record({
  cards: fc.constantFrom([0], [0, 1]),
  maxEnis: fc.integer({ min: 1, max: 4 }),
  slotsPerEni: fc.integer({ min: 1, max: 5 }),
  maxPods: fc.integer({ min: 1, max: 60 }),
  mode: fc.constantFrom<PoolMode>('secondary', 'prefix', 'ipv6'),
  fallbackToAddresses: fc.boolean(),
  warmEni: fc.nat(2),
  warmIp: fc.constantFrom(0, 0, 1, 5, 20),
  minimumIp: fc.constantFrom(0, 0, 1, 8, 30),
  warmPrefix: fc.nat(2),
  waiting: fc.constantFrom(0, 0, 1, 7),
  trunkReserve: fc.constantFrom(0 as const, 1 as const),
  fragmented: fc.boolean(),
  full: fc.constantFrom(false, false, false, true),
  enis: fc.array(
    fc.record({
      cidrs: fc.array(held, { maxLength: 5 }),
      spared: fc.constantFrom(false, false, false, true),
      efa: fc.constantFrom(false, false, false, true),
      young: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});
type Sample = typeof node extends fc.Arbitrary<infer T> ? T : never;

function poolOf({ enis, slotsPerEni, maxEnis }: Sample): Pool {
  const pool = new Pool();
  let serial = 1000;
  enis.slice(0, maxEnis).forEach(({ cidrs, spared, efa, young }, device) => {
    pool.putEni(facts(device, { efa, attachedAtMs: young ? NOW : 0, service: spared ? 'no-new-pods' : 'pods' }));
    for (const { kind, use } of cidrs.slice(0, slotsPerEni)) {
      serial += 1;
      const cidr = kind === 'address' ? single(serial) : prefix(serial);
      pool.addCidrs(`eni-0-${device}`, [cidr]);
      const choice = pool.choose({ owner: owner(serial), since: 1n, kinds: [kind], cards: [0] });
      if (choice?.kind !== 'new' || use === 'free') continue;
      const { address } = choice.event;
      if (use === 'quarantine') pool.apply({ kind: 'quarantined', address, reason: 'kernel', sinceMs: 0 });
      else pool.apply(choice.event);
      if (use === 'cooldown') for (const event of pool.release(owner(serial), NOW + 30_000)) pool.apply(event);
    }
  });
  return pool;
}

function inputOf(sample: Sample, view: Pool): DecideInput {
  const { cards, maxEnis, slotsPerEni, maxPods, waiting, trunkReserve, fragmented, full, enis, ...targets } = sample;
  const some = new Set(['subnet-1']);
  return input(
    view,
    {
      limits: { cards: cards.map((card) => ({ card, maxEnis })), slotsPerEni, maxPods },
      targets: { ...TARGETS, ...targets },
    },
    {
      nowMs: NOW,
      waiting,
      trunkReserve,
      fragmented: fragmented ? some : new Set(),
      newEniFragmented: fragmented,
      full: full ? some : new Set(),
      newEniFull: full,
    },
  );
}

const sizeOf = (unit: string): number => (unit === 'address' ? 1 : 16);

/** What no action may do whatever the state. */
function wrongs(given: DecideInput, actions: readonly PoolAction[]): readonly string[] {
  const { view, limits, nowMs } = given;
  const wrong: string[] = [];
  const enis = new Map<string, PoolEni>(view.enis);
  const devices = new Set([...enis.values()].map(({ card, device }) => `${card}-${device}`));
  let asked = 0;
  for (const action of actions) {
    const eni = 'eniId' in action ? enis.get(action.eniId) : undefined;
    if (action.kind === 'create-eni') {
      const place = `${action.card}-${action.device}`;
      if (devices.has(place)) wrong.push(`device ${place} is taken`);
      devices.add(place);
      if (action.count < 1 || action.count > limits.slotsPerEni) wrong.push(`new ENI with ${action.count}`);
      asked += action.count * sizeOf(action.unit);
      continue;
    }
    if (eni === undefined) {
      wrong.push('an ENI that is not there');
      continue;
    }
    if (action.kind === 'assign') {
      // EC2 counts IPv6 prefixes apart from what fills these slots.
      const slots = action.unit === 'ipv6-prefix' ? 1 : limits.slotsPerEni - eni.cidrs.size;
      if (action.count < 1 || action.count > slots) wrong.push(`${action.count} in too few slots`);
      if (eni.service !== 'pods') wrong.push('more for an ENI that gives none');
      asked += action.count * sizeOf(action.unit);
    } else if (action.kind === 'delete-eni') {
      if (eni.primary || eni.efa) wrong.push('the primary ENI or one with EFA deleted');
      if (nowMs - eni.attachedAtMs < ENI_MIN_AGE_MS) wrong.push('a young ENI deleted');
      if ([...eni.cidrs.values()].some(({ uses }) => uses.size > 0)) wrong.push('an ENI in use deleted');
    } else
      for (const cidr of action.cidrs)
        if ((eni.cidrs.get(cidr)?.uses.size ?? 1) > 0) wrong.push(`${cidr} given back in use`);
  }
  for (const { card, maxEnis } of limits.cards) {
    const used = [...devices].filter((place) => place.startsWith(`${card}-`)).length;
    if (used > Math.max(maxEnis, [...enis.values()].filter((eni) => eni.card === card).length))
      wrong.push(`${used} ENIs`);
  }
  const grows = actions.some(({ kind }) => kind === 'assign' || kind === 'create-eni');
  const shrinks = actions.some(({ kind }) => kind === 'unassign' || kind === 'delete-eni');
  if (grows && shrinks) wrong.push('growth and shrink at once');
  // A prefix may round up; waiting pods may go beyond what only rests; a further card counts for itself.
  const most = limits.maxPods + given.waiting + 15;
  if (given.targets.mode !== 'ipv6' && asked > most * limits.cards.length)
    wrong.push(`${asked} asked for ${limits.maxPods} pods`);
  return wrong;
}

/** Free addresses, slots and devices left on card 0, counted without the code under test. */
function leftOver(given: DecideInput): { readonly free: number; readonly total: number; readonly canGrow: boolean } {
  const kinds =
    given.targets.mode === 'prefix' && !given.targets.fallbackToAddresses ? ['prefix'] : kindsOf(given.targets.mode);
  let free = 0;
  let total = 0;
  let slots = 0;
  let devices = 0;
  for (const eni of given.view.enis.values()) {
    if (eni.card !== 0) continue;
    devices += 1;
    if (eni.service === 'pods') slots += given.limits.slotsPerEni - eni.cidrs.size;
    for (const { kind, size, uses } of eni.cidrs.values()) {
      const assigned = [...uses.values()].filter((use) => use.kind === 'assigned').length;
      if (eni.service !== 'pods' || !kinds.includes(kind)) total += assigned;
      else {
        free += size - uses.size;
        total += size;
      }
    }
  }
  const room = (given.limits.cards[0]?.maxEnis ?? 0) - given.trunkReserve - devices;
  return { free, total, canGrow: slots > 0 || room > 0 };
}

const print = (given: DecideInput): string =>
  [...given.view.enis.values()].map((eni) => `${eni.id} ${[...eni.cidrs.keys()].join(' ')}`).join('; ');

describe('any node', () => {
  test('does nothing it may not do, comes to rest, and has its targets then', () => {
    fc.assert(
      fc.property(node, (sample) => {
        const pool = poolOf(sample);
        const make = (): DecideInput => inputOf(sample, pool);
        const ec2 = new Granting();
        for (let pass = 0; ; pass++) {
          const given = make();
          const { actions } = decide(given);
          expect(wrongs(given, actions)).toEqual([]);
          if (actions.length === 0) break;
          if (pass > 12) throw new Error(`never rests: ${print(given)} ${JSON.stringify(actions)}`);
          for (const action of actions) ec2.grant(pool, action, given.nowMs);
        }
        const given = make();
        const { mode, warmIp, minimumIp, warmEni, warmPrefix, fallbackToAddresses } = given.targets;
        if (mode === 'ipv6' || sample.full || (mode === 'prefix' && sample.fragmented && !fallbackToAddresses)) return;
        const { free, total, canGrow } = leftOver(given);
        const warm = mode === 'prefix' ? warmPrefix * 16 : warmEni * given.limits.slotsPerEni;
        const wanted = (warmIp + minimumIp > 0 ? warmIp : Math.max(1, warm)) + given.waiting;
        if (canGrow && total < given.limits.maxPods)
          expect(free).toBeGreaterThanOrEqual(Math.min(wanted, given.limits.maxPods - total));
      }),
      { numRuns: 1500 },
    );
  });

  test('what was given back is not asked for again, nor the other way round', () => {
    fc.assert(
      fc.property(node, (sample) => {
        // Without anything left over from another mode: that makes way for growth.
        const kind = sample.mode === 'prefix' ? 'prefix' : 'address';
        const enis = sample.enis.map((eni) => ({
          ...eni,
          cidrs: eni.cidrs.map(({ use }) => ({ kind, use }) as const),
        }));
        const quiet: Sample = { ...sample, enis, waiting: 0 };
        const pool = poolOf(quiet);
        const ec2 = new Granting();
        settle(pool, ec2, () => inputOf(quiet, pool));
        pool.endCooldowns(NOW + 30_000);
        const after: PoolAction[] = [];
        for (let pass = 0; pass < 12; pass++) {
          const { actions } = decide(inputOf(quiet, pool));
          if (actions.length === 0) break;
          after.push(...actions);
          for (const action of actions) ec2.grant(pool, action, NOW);
        }
        // Their rest over, addresses only become too many: growth now would be a flap.
        expect(after.filter(({ kind: done }) => done === 'assign' || done === 'create-eni')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
