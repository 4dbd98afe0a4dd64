import { expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import type { PoolLimits, PoolTargets } from '../../../src/pool/index.ts';
import { owner } from '../sample.ts';
import { checkQuiet, checkWorld } from './checks.ts';
import type { Outcome, Settings } from './parts.ts';
import { World } from './world.ts';

/** HISTORIES=200000 SEED=1 runs more of them; what fails prints its seed and path, and becomes a case below. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 2_000);
const SEED = Number(process.env['SEED'] ?? 1);
setDefaultTimeout(Math.max(60_000, HISTORIES * 60));

type Step =
  | { readonly kind: 'add' | 'del'; readonly pod: number }
  | { readonly kind: 'answer'; readonly outcome: Outcome }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'crash'; readonly executed: boolean; readonly torn: boolean }
  | { readonly kind: 'start' | 'ec2-down' | 'ec2-up' | 'disk-full' | 'disk-free' }
  | { readonly kind: 'by-hand'; readonly index: number };

const pod = fc.integer({ min: 0, max: 24 });
const stepArb: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('add' as const), pod }) },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('del' as const), pod }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      outcome: fc.constantFrom<Outcome>('ok', 'ok', 'ok', 'refused', 'lost', 'unheard'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 70_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), executed: fc.boolean(), torn: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'start' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('ec2-down', 'ec2-up', 'disk-full', 'disk-free' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('by-hand' as const), index: fc.nat(200) }) },
);

const limitsArb: fc.Arbitrary<PoolLimits> = fc.record({
  cards: fc.integer({ min: 1, max: 4 }).map((maxEnis) => [{ card: 0, maxEnis }]),
  slotsPerEni: fc.integer({ min: 1, max: 6 }),
  maxPods: fc.integer({ min: 1, max: 60 }),
});
const targetsArb: fc.Arbitrary<PoolTargets> = fc.record({
  mode: fc.constantFrom('secondary', 'prefix' as const),
  fallbackToAddresses: fc.boolean(),
  warmEni: fc.integer({ min: 0, max: 2 }),
  warmIp: fc.integer({ min: 0, max: 5 }),
  minimumIp: fc.integer({ min: 0, max: 8 }),
  warmPrefix: fc.integer({ min: 0, max: 2 }),
});
const settingsArb: fc.Arbitrary<Settings> = fc.record({
  limits: limitsArb,
  targets: targetsArb,
  room: fc.constantFrom(8, 40, 1_000),
});

function take(world: World, step: Step): void {
  switch (step.kind) {
    case 'add':
      world.add(owner(step.pod));
      break;
    case 'del':
      world.del(owner(step.pod));
      break;
    case 'answer':
      world.answer(step.outcome);
      break;
    case 'pass':
      world.pass(step.ms);
      break;
    case 'crash':
      world.crash(step.executed, step.torn);
      break;
    case 'start':
      world.start();
      break;
    case 'ec2-down':
      world.ec2Up = false;
      break;
    case 'ec2-up':
      world.ec2Returns();
      break;
    case 'disk-full':
      world.diskFull = true;
      break;
    case 'disk-free':
      world.diskFull = false;
      break;
    case 'by-hand':
      world.unassignByHand(step.index);
      break;
    default:
      step satisfies never;
  }
}

/** Lives through a history; what was wrong on the way and at its end. */
function live(settings: Settings, steps: readonly Step[]): readonly string[] {
  const world = new World(settings);
  world.start();
  for (const step of steps) {
    take(world, step);
    if (checkWorld(world).length > 0) return [...world.wrong, `after ${JSON.stringify(step)}`];
  }
  const calls = world.quiet();
  const most = 4 * (settings.limits.cards[0]?.maxEnis ?? 0) * (settings.limits.slotsPerEni + 2) + 20;
  return [
    ...checkWorld(world),
    ...checkQuiet(world),
    ...(calls > most ? [`${calls} EC2 calls until it was quiet`] : []),
  ];
}

test(`${HISTORIES} histories of pods, EC2, crashes and time break nothing`, () => {
  fc.assert(
    fc.property(settingsArb, fc.array(stepArb, { maxLength: 60, size: 'max' }), (settings, steps) => {
      expect(live(settings, steps)).toEqual([]);
    }),
    { numRuns: HISTORIES, seed: SEED },
  );
});
