import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  assignAddress,
  countPool,
  decide,
  endCooldowns,
  listAllocations,
  type PoolAction,
  type PoolLimits,
  type PoolState,
  type PoolTargets,
  releaseAddress,
  shortage,
  withAddresses,
  withEni,
  withoutAddresses,
  withoutEni,
} from '../../src/pool/index.ts';
import { address, eni, owner, pool } from './sample.ts';

/** EC2 that always says yes, at once. */
function grant(state: PoolState, action: PoolAction, serial: number): PoolState {
  switch (action.kind) {
    case 'assign-addresses':
      return withAddresses(
        state,
        action.eniId,
        Array.from({ length: action.count }, (_, n) => address(serial * 64 + n)),
      );
    case 'create-eni': {
      const bare = eni(action.device, '', { attachedAtMs: serial });
      return withAddresses(
        withEni(state, bare),
        bare.id,
        Array.from({ length: action.count }, (_, n) => address(serial * 64 + n)),
      );
    }
    case 'unassign-addresses':
      return withoutAddresses(state, action.eniId, action.addresses);
    case 'delete-eni':
      return withoutEni(state, action.eniId);
    default:
      return action satisfies never;
  }
}

const limitsArb: fc.Arbitrary<PoolLimits> = fc.record({
  maxEnis: fc.integer({ min: 1, max: 5 }),
  addressesPerEni: fc.integer({ min: 1, max: 6 }),
  maxPods: fc.integer({ min: 1, max: 40 }),
});
const targetsArb: fc.Arbitrary<PoolTargets> = fc.record({
  warmEni: fc.integer({ min: 0, max: 3 }),
  warmIp: fc.integer({ min: 0, max: 6 }),
  minimumIp: fc.integer({ min: 0, max: 8 }),
});
type Event = { readonly kind: 'add' | 'del'; readonly pod: number } | { readonly kind: 'wait'; readonly ms: number };
const eventArb: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), pod: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constant('del' as const), pod: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
);
const COOLDOWN_MS = 30_000;
const held = (state: PoolState): number => state.enis.reduce((sum, { addresses }) => sum + addresses.length, 0);

test('any sequence of pods and time keeps the invariants and comes to rest', () => {
  fc.assert(
    fc.property(limitsArb, targetsArb, fc.array(eventArb, { maxLength: 60 }), (limits, targets, events) => {
      let state = pool(eni(0, ''));
      let nowMs = 0;
      let serial = 1;
      const wanted = new Set<number>();
      const settle = (): void => {
        for (let pass = 0; ; pass++) {
          for (const pod of wanted) {
            const assigned = assignAddress(state, { owner: owner(pod), nowMs, since: 0n });
            if (assigned !== undefined) state = assigned.state;
          }
          const allocated = new Set(listAllocations(state).map(({ owner: { containerId } }) => containerId));
          const waiting = [...wanted].filter((pod) => !allocated.has(owner(pod).containerId)).length;
          const { actions } = decide({
            state,
            limits,
            targets,
            waiting,
            nowMs,
            holdGrowthUntilMs: 0,
            holdShrinkUntilMs: 0,
          });
          if (actions.length === 0) return;
          // Each pass that acts makes progress; a decision that never rests would spin against EC2.
          expect(pass).toBeLessThan(20);
          for (const action of actions) state = grant(state, action, serial++);
        }
      };
      settle();
      for (const event of events) {
        const before = new Map(listAllocations(state).map((a) => [a.owner.containerId, a.address]));
        if (event.kind === 'add') wanted.add(event.pod);
        if (event.kind === 'wait') nowMs += event.ms;
        if (event.kind === 'del') {
          wanted.delete(event.pod);
          state = releaseAddress(state, { owner: owner(event.pod), untilMs: nowMs + COOLDOWN_MS })?.state ?? state;
        }
        settle();
        const allocations = listAllocations(state);
        const addresses = allocations.map((a) => a.address);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(state.enis.length).toBeLessThanOrEqual(limits.maxEnis);
        expect(held(state)).toBeLessThanOrEqual(Math.max(limits.maxPods, 0));
        for (const { addresses: list } of state.enis) expect(list.length).toBeLessThanOrEqual(limits.addressesPerEni);
        for (const { owner: o, address: a } of allocations)
          if (before.has(o.containerId)) expect(a).toBe(before.get(o.containerId) ?? a);
        const { free, assigned, cooldown, total } = countPool(state);
        expect(free + assigned + cooldown).toBe(total);
        if (shortage(endCooldowns(state, nowMs), limits, targets, 0) > 0)
          expect(total).toBe(Math.min(limits.maxPods, limits.maxEnis * limits.addressesPerEni));
      }
    }),
    { numRuns: 1000 },
  );
});
