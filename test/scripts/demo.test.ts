import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseOptions } from '../../scripts/demo/options.ts';
import { parsePing } from '../../scripts/demo/ping.ts';
import { planPods } from '../../scripts/demo/plan.ts';
import { added } from '../../scripts/demo/snapshot.ts';

describe('planPods()', () => {
  const rows = [
    { name: 'the least: two on one node, one on the other', total: 3, counts: [2, 1] },
    { name: 'the default: more on the first node than one ENI has addresses for', total: 8, counts: [6, 2] },
    { name: 'more than two thirds do not fit on the first node', total: 14, counts: [9, 5] },
    { name: 'both nodes full', total: 18, counts: [9, 9] },
  ];
  for (const { name, total, counts } of rows)
    test(name, () => {
      const plan = planPods(total, 't3.small');
      if (typeof plan === 'string') throw new Error(plan);
      expect([plan.pods['node-a'].length, plan.pods['node-b'].length]).toEqual(counts);
    });

  test('every number that fits is placed, no pod twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 18 }), (total) => {
        const plan = planPods(total, 't3.small');
        if (typeof plan === 'string') throw new Error(plan);
        const { 'node-a': a, 'node-b': b } = plan.pods;
        expect(new Set([...a, ...b]).size).toBe(total);
        expect(Math.max(a.length, b.length)).toBeLessThanOrEqual(9);
        expect([a.length >= 2, b.length >= 1]).toEqual([true, true]);
      }),
    );
  });

  test('says how many fit', () => {
    expect(planPods(19, 't3.small')).toBe(
      '19 pods do not fit: a t3.small holds 3 ENIs with 3 pod addresses each, so 2 nodes take at most 18 pods',
    );
  });

  test('says how many it needs', () => {
    expect(planPods(2, 't3.small')).toBe('the demo needs at least 3 pods: two on node-a and one on node-b');
  });
});

describe('parseOptions()', () => {
  const reasons = [
    { words: ['--pods', 'many'], reason: '--pods needs a whole number, not "many"' },
    { words: ['--pods', '-1'], reason: '--pods needs a whole number, not "-1"' },
    {
      words: ['--name', 'no-hyphens'],
      reason: '--name no-hyphens: up to 12 lower-case letters and digits, a letter first',
    },
    { words: ['--fast'], reason: "unknown option '--fast'" },
    { words: ['now'], reason: 'too many arguments. Expected 0 arguments but got 1.' },
  ];
  for (const { words, reason } of reasons)
    test(`refuses ${words.join(' ')}`, () => {
      expect(parseOptions(words, 'demo1')).toEqual({ kind: 'usage', reason });
    });

  test('has a VPC of its own unless one is named', () => {
    const vpcOf = (...words: readonly string[]): unknown => {
      const parsed = parseOptions(words, 'demo1');
      return parsed.kind === 'run' ? parsed.options.vpc : parsed;
    };
    expect([vpcOf(), vpcOf('--name', 'mine')]).toEqual(['demo1', 'mine']);
  });
});

describe('parsePing()', () => {
  test('reads the summary', () => {
    const text =
      '--- 10.0.0.4 ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss, time 210ms\n' +
      'rtt min/avg/max/mdev = 0.054/0.141/0.317/0.123 ms\n';
    expect(parsePing(text)).toEqual({ sent: 3, received: 3, rttMs: 0.141 });
  });

  test('reads the summary of a loss, which has errors and no times', () => {
    expect(parsePing('3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2030ms\n')).toEqual({
      sent: 3,
      received: 0,
      rttMs: undefined,
    });
  });
});

test('added() shows what was not there before', () => {
  expect(added(['link lo'], ['link lo', 'link eth0'])).toEqual(['link eth0']);
});
