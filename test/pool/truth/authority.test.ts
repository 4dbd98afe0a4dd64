import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type KnownEni, type Orphan, type Pool, resolveTruth, type TruthInput } from '../../../src/pool/index.ts';
import { address, owner } from '../model/sample.ts';
import { COOLDOWN, eni, listed, NOW, pod } from './sample.ts';

// Everybody says something of four ENIs with four addresses each, and of up to twelve pods.
const hosts = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
const enis = fc
  .tuple(hosts, hosts, hosts, hosts)
  .map((all) => all.map((some, device) => eni(device, ...some.map((n) => device * 10 + n))))
  .chain((all) => fc.subarray(all));
const pods = fc.uniqueArray(
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 5 })),
  { maxLength: 12, selector: ([n]) => n },
);
const asPods = pods.map((all) => all.map(([n, device, at]) => pod(n, device * 10 + at)));
const anAddress = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 5 }))
  .map(([device, at]) => address(device * 10 + at));
const input: fc.Arbitrary<TruthInput> = fc.record({
  ec2: fc.option(
    enis.map((each) => listed(...each)),
    { nil: undefined },
  ),
  journal: fc.record({
    allocations: asPods,
    cooldowns: fc
      .array(fc.tuple(anAddress, fc.integer({ min: NOW + 1, max: NOW + COOLDOWN })))
      .map((each) => new Map(each)),
    quarantines: fc
      .array(fc.tuple(anAddress, fc.constant({ reason: 'kernel' as const, sinceMs: 1 })))
      .map((each) => new Map(each)),
    intents: fc.constant([]),
    enis: fc.option(enis, { nil: undefined }),
    sameBoot: fc.constant(true),
  }),
  kernel: fc.record({ pods: asPods, hostAddresses: fc.array(anAddress, { maxLength: 2 }) }),
  imds: fc.option(
    enis.map((each) => listed(...each)),
    { nil: undefined },
  ),
  nowMs: fc.constant(NOW),
  cooldownMs: fc.constant(COOLDOWN),
});

const inventoryOf = (pool: Pool): readonly string[] =>
  [...pool.enis.values()].map(({ id, cidrs }) => [id, ...[...cidrs.keys()].sort()].join(' '));
const inventory = (all: readonly KnownEni[]): readonly string[] =>
  all.map(({ facts: { id }, cidrs }) => [id, ...[...cidrs].sort()].join(' '));
const claims = (all: readonly Orphan[]): ReadonlySet<string> =>
  new Set(all.map(({ owner: { containerId }, address: at }) => `${containerId} ${at}`));

/** Gives new pods addresses until there are none left. */
function drain(pool: Pool): readonly string[] {
  const given: string[] = [];
  for (let n = 100; ; n++) {
    const choice = pool.choose({ owner: owner(n), since: 1n, kinds: ['address'], cards: [0] });
    if (choice?.kind !== 'new') return given;
    pool.apply(choice.event);
    given.push(choice.event.address);
  }
}

describe('whatever they say', () => {
  test('the ENIs are those of the highest authority that answers, and no lesser one adds or removes any', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { pool } = resolveTruth(given);
        const highest = given.ec2?.enis ?? given.journal.enis ?? given.imds?.enis ?? [];
        expect(inventoryOf(pool)).toEqual([...inventory(highest)]);
      }),
      { numRuns: 500 },
    );
  });

  test('no allocation is lost that the journal or the kernel knows', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { pool } = resolveTruth(given);
        expect(claims(pool.allocations())).toEqual(claims([...given.journal.allocations, ...given.kernel.pods]));
      }),
      { numRuns: 500 },
    );
  });

  test('no new pod gets an address that a pod, a link, a doubt or a cooldown has, or that EC2 does not list', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { pool } = resolveTruth(given);
        const { allocations, cooldowns, quarantines } = given.journal;
        const taken = new Set<string>([
          ...[...allocations, ...given.kernel.pods].map((each) => each.address),
          ...cooldowns.keys(),
          ...quarantines.keys(),
          ...given.kernel.hostAddresses,
        ]);
        const granted = given.ec2?.enis.flatMap(({ cidrs }) => cidrs);
        for (const at of drain(pool)) {
          expect(taken).not.toContain(at);
          if (granted !== undefined) expect(granted).toContain(`${at}/32`);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('when all pods but one of an address have gone, nobody else gets that address', () => {
    fc.assert(
      fc.property(input, fc.nat(), (given, pick) => {
        const { pool } = resolveTruth(given);
        const all = pool.allocations();
        const stays = all[pick % Math.max(1, all.length)];
        fc.pre(stays !== undefined);
        for (const { owner: gone } of all)
          if (gone.containerId !== stays?.owner.containerId)
            for (const event of pool.release(gone, NOW)) pool.apply(event);
        pool.endCooldowns(NOW);
        const kept = pool.find(stays?.owner ?? owner(0)).map((each) => String(each.address));
        for (const at of drain(pool)) expect(kept).not.toContain(at);
      }),
      { numRuns: 500 },
    );
  });
});
