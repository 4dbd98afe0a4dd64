import { describe, expect, test } from 'bun:test';
import * as next from '../../../src/pool/index.ts';
import { add, facts, Granting, input, owner, settle, T3_SMALL, TARGETS } from '../model/sample.ts';

/** Pods come one by one; what the node holds in the end. */
function holds(targets: Partial<next.PoolTargets>, pods: number): { readonly enis: number; readonly cidrs: number } {
  const pool = new next.Pool();
  pool.putEni(facts(0));
  const ec2 = new Granting();
  const node = { limits: T3_SMALL, targets: { ...TARGETS, ...targets } };
  settle(pool, ec2, () => input(pool, node));
  for (let pod = 0; pod < pods; pod++) {
    if (!add(pool, owner(pod), node)) {
      settle(pool, ec2, () => input(pool, node, { waiting: 1 }));
      expect(add(pool, owner(pod), node)).toBe(true);
    }
    settle(pool, ec2, () => input(pool, node));
  }
  const enis = [...pool.enis.values()];
  return { enis: enis.length, cidrs: enis.reduce((sum, eni) => sum + eni.cidrs.size, 0) };
}

describe('steady states upstream documents for a t3.small', () => {
  const rows = [
    { targets: { warmEni: 1 }, pods: 0, enis: 1, cidrs: 3 },
    { targets: { warmEni: 1 }, pods: 5, enis: 3, cidrs: 9 },
    { targets: { warmEni: 1 }, pods: 9, enis: 3, cidrs: 9 },
    { targets: { warmIp: 1, minimumIp: 1 }, pods: 0, enis: 1, cidrs: 1 },
    { targets: { warmIp: 1, minimumIp: 1 }, pods: 5, enis: 2, cidrs: 6 },
    { targets: { warmIp: 1, minimumIp: 1 }, pods: 9, enis: 3, cidrs: 9 },
    { targets: { warmIp: 2, minimumIp: 5 }, pods: 0, enis: 2, cidrs: 5 },
    { targets: { warmIp: 2, minimumIp: 5 }, pods: 5, enis: 3, cidrs: 7 },
    { targets: { warmIp: 2, minimumIp: 5 }, pods: 9, enis: 3, cidrs: 9 },
  ];
  for (const { targets, pods, ...held } of rows)
    test(`${JSON.stringify(targets)}, ${pods} pods`, () => expect(holds(targets, pods)).toEqual(held));
});

describe('prefixes of the same node', () => {
  const mode = 'prefix' as const;
  const rows = [
    { targets: { mode, warmPrefix: 1 }, pods: 0, cidrs: 1 },
    { targets: { mode, warmPrefix: 1 }, pods: 5, cidrs: 2 },
    { targets: { mode, warmPrefix: 1 }, pods: 16, cidrs: 2 },
    { targets: { mode, warmPrefix: 1 }, pods: 17, cidrs: 3 },
    { targets: { mode, warmPrefix: 1 }, pods: 58, cidrs: 5 },
    { targets: { mode, warmIp: 1, minimumIp: 1 }, pods: 0, cidrs: 1 },
    { targets: { mode, warmIp: 1, minimumIp: 1 }, pods: 5, cidrs: 1 },
    { targets: { mode, warmIp: 1, minimumIp: 1 }, pods: 17, cidrs: 2 },
    { targets: { mode, warmIp: 1, minimumIp: 1 }, pods: 58, cidrs: 4 },
  ];
  for (const { targets, pods, cidrs } of rows)
    test(`${JSON.stringify(targets)}, ${pods} pods`, () => expect(holds(targets, pods).cidrs).toBe(cidrs));
});
