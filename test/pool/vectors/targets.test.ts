import { describe, expect, test } from 'bun:test';
import {
  addressIn,
  decide,
  type PodAddress,
  Pool,
  type PoolTargets,
  warmIpBalance,
  warmIpMode,
  warmIpPrefixBalance,
} from '../../../src/pool/index.ts';
import { address, facts, input, owner, prefix, single, T3_SMALL, TARGETS } from '../model/sample.ts';

describe('warm IP mode', () => {
  const rows = [
    { warmIp: 5, minimumIp: 0, total: 0, assigned: 0, short: 5, over: 0 },
    { warmIp: 5, minimumIp: 0, total: 2, assigned: 0, short: 3, over: 0 },
    { warmIp: 5, minimumIp: 0, total: 5, assigned: 0, short: 0, over: 0 },
    { warmIp: 2, minimumIp: 5, total: 0, assigned: 0, short: 5, over: 0 },
    { warmIp: 2, minimumIp: 5, total: 5, assigned: 5, short: 2, over: 0 },
    { warmIp: 1, minimumIp: 1, total: 6, assigned: 1, short: 0, over: 4 },
    { warmIp: 0, minimumIp: 4, total: 9, assigned: 2, short: 0, over: 5 },
  ];
  for (const { warmIp, minimumIp, total, assigned, ...balance } of rows)
    test(`WARM ${warmIp} MIN ${minimumIp}: ${assigned} of ${total} assigned`, () => {
      expect(warmIpBalance({ warmIp, minimumIp }, { total, available: total - assigned })).toEqual(balance);
    });

  test('is off when both targets are 0', () => {
    expect(warmIpMode({ ...TARGETS, warmIp: 0, minimumIp: 0 })).toBe(false);
    expect(warmIpMode({ ...TARGETS, warmIp: 1, minimumIp: 0 })).toBe(true);
    expect(warmIpMode({ ...TARGETS, warmIp: 0, minimumIp: 1 })).toBe(true);
  });
});

describe('warm IP mode in prefixes', () => {
  const rows = [
    { warmIp: 5, minimumIp: 0, prefixes: 0, freePrefixes: 0, assigned: 0, short: 1, over: 0 },
    { warmIp: 5, minimumIp: 0, prefixes: 2, freePrefixes: 2, assigned: 0, short: 0, over: 1 },
    { warmIp: 5, minimumIp: 0, prefixes: 1, freePrefixes: 1, assigned: 0, short: 0, over: 0 },
    { warmIp: 16, minimumIp: 0, prefixes: 1, freePrefixes: 0, assigned: 1, short: 1, over: 0 },
    { warmIp: 7, minimumIp: 20, prefixes: 0, freePrefixes: 0, assigned: 0, short: 2, over: 0 },
    { warmIp: 1, minimumIp: 1, prefixes: 3, freePrefixes: 1, assigned: 17, short: 0, over: 1 },
  ];
  for (const { warmIp, minimumIp, short, over, ...held } of rows)
    test(`WARM ${warmIp} MIN ${minimumIp}: ${held.prefixes} prefixes, ${held.freePrefixes} free, ${held.assigned} assigned`, () => {
      const free = held.prefixes * 16 - held.assigned;
      expect(warmIpPrefixBalance({ warmIp, minimumIp }, { ...held, free })).toEqual({ short, over });
    });
});

/** One ENI with these CIDRs, and so many pods. */
function holding(cidrs: readonly string[], pods: number, first: (n: number) => PodAddress): Pool {
  const pool = new Pool();
  pool.putEni(facts(0));
  pool.addCidrs('eni-0-0', cidrs);
  for (let pod = 0; pod < pods; pod++) {
    pool.apply({ kind: 'assigned', address: first(pod), owner: owner(pod), since: 1n });
  }
  return pool;
}

const grows = (pool: Pool, targets: PoolTargets, maxPods: number): boolean =>
  decide(input(pool, { limits: { ...T3_SMALL, maxPods }, targets })).actions.some(
    ({ kind }) => kind === 'assign' || kind === 'create-eni',
  );

describe('the pool is low', () => {
  const rows = [
    { total: 0, assigned: 0, warmEni: 1, warmIp: 0, low: true },
    { total: 0, assigned: 0, warmEni: 0, warmIp: 0, low: true },
    { total: 3, assigned: 0, warmEni: 1, warmIp: 1, low: false },
    { total: 3, assigned: 1, warmEni: 1, warmIp: 0, low: true },
    { total: 3, assigned: 1, warmEni: 0, warmIp: 0, low: false },
    { total: 3, assigned: 3, warmEni: 0, warmIp: 0, low: true },
    { total: 3, assigned: 3, warmEni: 0, warmIp: 5, maxPods: 3, low: false },
  ];
  for (const { total, assigned, low, maxPods = 500, ...targets } of rows)
    test(`${assigned} of ${total} assigned, ${JSON.stringify(targets)}, max pods ${maxPods}: ${low}`, () => {
      const cidrs = Array.from({ length: total }, (_, n) => single(n));
      const pool = holding(cidrs, assigned, address);
      expect(grows(pool, { ...TARGETS, ...targets }, maxPods)).toBe(low);
    });
});

describe('prefixes are low', () => {
  const rows = [
    { prefixes: 1, assigned: 0, warmPrefix: 1, low: false },
    { prefixes: 1, assigned: 1, warmPrefix: 1, low: true },
    { prefixes: 1, assigned: 1, warmPrefix: 0, low: false },
    { prefixes: 1, assigned: 3, warmPrefix: 0, low: false },
    { prefixes: 1, assigned: 3, warmPrefix: 1, maxPods: 4, low: false },
    { prefixes: 0, assigned: 0, warmPrefix: 0, low: true },
    { prefixes: 0, assigned: 0, warmPrefix: 1, low: true },
  ];
  for (const { prefixes, assigned, low, maxPods = 500, warmPrefix } of rows)
    test(`${assigned} assigned of ${prefixes} prefixes, WARM_PREFIX_TARGET ${warmPrefix}, max pods ${maxPods}: ${low}`, () => {
      const cidrs = Array.from({ length: prefixes }, (_, n) => prefix(n));
      const pool = holding(cidrs, assigned, (n) => addressIn(prefix(0), n));
      expect(grows(pool, { ...TARGETS, mode: 'prefix', warmPrefix }, maxPods)).toBe(low);
    });
});
