import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { checkPool, keysAround, kindsOf, type PodAddress, Pool } from '../../../src/pool/index.ts';
import { address, facts, owner, prefix, single } from './sample.ts';

const DEVICES = 3;
const PODS = 8;
const CIDRS = [...Array.from({ length: 6 }, (_, n) => single(n)), prefix(0), prefix(1)];

const eniId = fc.nat(DEVICES - 1).map((device) => `eni-0-${device}`);
const pod = fc.nat(PODS - 1);
const cidr = fc.constantFrom(...CIDRS);
const anything = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), pod }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), pod, rest: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), pod, at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put-eni' as const), eniId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-eni' as const), eniId }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add-cidr' as const), eniId, cidr }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-cidr' as const), eniId, cidr }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('doubt' as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), by: fc.nat(15) }) },
);
type Step = typeof anything extends fc.Arbitrary<infer T> ? T : never;

/** What must be so, told without any index: who was promised which address and has not let go. */
class Ledger {
  readonly held = new Map<number, Set<PodAddress>>();
  readonly resting = new Map<PodAddress, number>();
  now = 0;

  of(who: number): Set<PodAddress> {
    const known = this.held.get(who) ?? new Set();
    this.held.set(who, known);
    return known;
  }

  isHeld(at: PodAddress): boolean {
    return [...this.held.values()].some((addresses) => addresses.has(at));
  }
}

function carryOut(pool: Pool, ledger: Ledger, step: Step): void {
  switch (step.do) {
    case 'add': {
      const choice = pool.choose({ owner: owner(step.pod), since: 1n, kinds: kindsOf('prefix'), cards: [0] });
      if (choice?.kind !== 'new') {
        if (choice !== undefined) expect(ledger.of(step.pod).has(choice.allocation.address)).toBe(true);
        return;
      }
      const at = choice.event.address;
      expect(ledger.isHeld(at)).toBe(false);
      expect(ledger.resting.get(at) ?? 0).toBeLessThanOrEqual(ledger.now);
      pool.apply(choice.event);
      ledger.of(step.pod).add(at);
      return;
    }
    case 'delete': {
      const untilMs = ledger.now + step.rest;
      for (const event of pool.release(owner(step.pod), untilMs)) pool.apply(event);
      for (const at of ledger.of(step.pod))
        if (pool.useOf(at)?.kind === 'cooldown') ledger.resting.set(at, Math.max(untilMs, ledger.resting.get(at) ?? 0));
      ledger.held.delete(step.pod);
      return;
    }
    case 'restore':
      if (ledger.of(step.pod).size > 0) return;
      pool.apply({ kind: 'assigned', address: address(step.at), owner: owner(step.pod), since: 2n });
      ledger.of(step.pod).add(address(step.at));
      return;
    case 'put-eni':
      pool.putEni(facts(Number(step.eniId.at(-1))));
      return;
    case 'remove-eni':
      pool.removeEni(step.eniId);
      forgetRest();
      return;
    case 'add-cidr':
      pool.addCidrs(step.eniId, [step.cidr]);
      return;
    case 'remove-cidr':
      pool.removeCidrs(step.eniId, [step.cidr]);
      forgetRest();
      return;
    case 'doubt':
      pool.apply({ kind: 'quarantined', address: address(step.at), reason: 'kernel', sinceMs: ledger.now });
      return;
    case 'clear':
      pool.apply({ kind: 'cleared', address: address(step.at) });
      return;
    case 'time':
      ledger.now += step.by;
      pool.endCooldowns(ledger.now);
      return;
    default:
      step satisfies never;
  }

  /** What has gone back to EC2 is anybody's: the VPC gives it out anew when it likes. */
  function forgetRest(): void {
    for (const at of ledger.resting.keys()) if (pool.eniOf(at) === undefined) ledger.resting.delete(at);
  }
}

describe('any history', () => {
  test('gives no address to two, none before its rest is over, and loses no allocation', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 60 }), (steps) => {
        const pool = new Pool();
        const ledger = new Ledger();
        pool.putEni(facts(0));
        for (const step of steps) {
          carryOut(pool, ledger, step);
          const known = pool.allocations().map((each) => `${each.owner.containerId} ${each.address}`);
          const promised = [...ledger.held].flatMap(([who, held]) => [...held].map((at) => `c${who} ${at}`));
          expect(known.toSorted()).toEqual(promised.toSorted());
          // Two who were restored to one address are told of; nothing else may be wrong.
          expect(checkPool(pool).filter(({ code }) => code !== 'address-two-owners')).toEqual([]);
          for (const orphan of pool.orphans) {
            const holder = pool.useOf(orphan.address);
            if (pool.eniOf(orphan.address) !== undefined) expect(holder?.kind).toBe('assigned');
            expect(keysAround(orphan.address).length).toBe(2);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
