import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { planFleet, runFleet, summarize } from '../../src/fleet/index.ts';
import { checkPool } from '../../src/pool/index.ts';
import { fleet, limits, settingsOf, total } from './sample.ts';

/** Targets of every kind, by addresses, whole ENIs and prefixes. */
const targets = fc.oneof(
  fc.record({ WARM_ENI_TARGET: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ WARM_IP_TARGET: fc.integer({ min: 1, max: 6 }), MINIMUM_IP_TARGET: fc.integer({ min: 0, max: 12 }) }),
  fc.record({
    ENABLE_PREFIX_DELEGATION: fc.constant(true),
    WARM_IP_TARGET: fc.integer({ min: 1, max: 20 }),
    MINIMUM_IP_TARGET: fc.integer({ min: 0, max: 40 }),
  }),
  fc.record({ ENABLE_PREFIX_DELEGATION: fc.constant(true), WARM_PREFIX_TARGET: fc.integer({ min: 1, max: 2 }) }),
);

const scenario = fc
  .record({
    targets,
    type: fc.constantFrom('t3.small', 'c5.large', 'm5.xlarge', 'c5.4xlarge'),
    nodes: fc.integer({ min: 1, max: 6 }),
    pods: fc.nat(60),
    custom: fc.boolean(),
    seed: fc.nat(1_000),
  })
  .map(({ targets: set, type, pods, custom, ...rest }) => {
    const flags = { ...set, AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: custom };
    const texts = Object.fromEntries(Object.entries(flags).map(([key, value]) => [key, String(value)]));
    return fleet({
      ...rest,
      limits: limits(type),
      settings: settingsOf(texts),
      stages: [{ atMs: 0, pods: total(pods) }],
    });
  });

test('what is planned is what a simulated fleet comes to, whatever its targets, type and load', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const ran = await runFleet(given, () => undefined);
      const summary = summarize(given, ran);
      const { enis, prefixes, taken, pods, warm } = await planFleet(given);
      const end = summary.addresses;
      expect({ enis, prefixes, taken, pods, warm }).toEqual({
        ...{ enis: summary.enis, prefixes: summary.prefixes, taken: end.end, pods: end.pods, warm: end.warm },
      });
      expect(ran.nodes.flatMap(({ pool }) => checkPool(pool))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
