import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type Asked,
  createChance,
  type Decision,
  type Dial,
  type DialState,
  decide,
  ec2Bucket,
  sampleDelay,
} from '../../../src/sim/dials/index.ts';

const served: Decision = {
  delayMs: 0,
  answer: { kind: 'serve' },
  lost: false,
  garble: undefined,
  lagMs: 0,
  stale: undefined,
};
const refused = (code: string, status: number, message = `${code}, as the simulator was told`): Decision => ({
  ...served,
  answer: { kind: 'fault', code, message, status },
});
const throttled = refused('RequestLimitExceeded', 503, 'Request limit exceeded.');

const stateOf = (dials: readonly Dial[], buckets: DialState['buckets'] = 'off'): DialState => ({
  dials: new Map(dials.map((dial) => [dial.action, dial])),
  levels: new Map(),
  buckets,
});
const ask = (action: string, now = 0, reads = false): Asked => ({ action, now, reads, unfiltered: false });
const never = (): number => {
  throw new Error('no chance is needed');
};

const rows: readonly { name: string; dial: Dial; asked: Asked; decision: Decision }[] = [
  {
    name: 'an error',
    dial: { action: 'A', error: 'InternalError' },
    asked: ask('A'),
    decision: refused('InternalError', 500),
  },
  {
    name: "a client's error",
    dial: { action: '*', error: 'InvalidSubnet' },
    asked: ask('A'),
    decision: refused('InvalidSubnet', 400),
  },
  {
    name: 'a denial',
    dial: { action: 'A', denied: true },
    asked: ask('A'),
    decision: refused('UnauthorizedOperation', 403, 'You are not authorized to perform this operation.'),
  },
  { name: 'a throttled action', dial: { action: 'A', throttled: true }, asked: ask('A'), decision: throttled },
  { name: 'another action', dial: { action: 'A', throttled: true }, asked: ask('B'), decision: served },
  { name: 'IMDS under *', dial: { action: '*', denied: true }, asked: ask('IMDS'), decision: served },
  {
    name: 'IMDS switched off',
    dial: { action: 'IMDS', denied: true },
    asked: ask('IMDS'),
    decision: refused('403', 403),
  },
  {
    name: 'IMDS throttled',
    dial: { action: 'IMDS', throttled: true },
    asked: ask('IMDS'),
    decision: refused('503', 503),
  },
  {
    name: 'IMDS with a status',
    dial: { action: 'IMDS', error: '404' },
    asked: ask('IMDS'),
    decision: refused('404', 404),
  },
  {
    name: 'a slow answer that is lost',
    dial: { action: 'A', lost: true, delay: { fixedMs: 70 } },
    asked: ask('A'),
    decision: { ...served, delayMs: 70, lost: true },
  },
  {
    name: 'an old answer',
    dial: { action: '*', lagMs: 500, stale: 'missing-eni' },
    asked: ask('DescribeInstances', 0, true),
    decision: { ...served, lagMs: 500, stale: 'missing-eni' },
  },
  {
    name: 'an old answer to what reads nothing',
    dial: { action: '*', lagMs: 500, stale: 'missing-eni', delay: { fixedMs: 1 } },
    asked: ask('A'),
    decision: { ...served, delayMs: 1 },
  },
];
for (const { name, dial, asked, decision } of rows) {
  test(`decide() on ${name}`, () => {
    expect(decide(stateOf([dial]), asked, never).decision).toEqual(decision);
  });
}

/** Answers in one word each: `ok`, `lost` or the code. */
function walk(state: DialState, requests: readonly Asked[], chance = never): readonly string[] {
  return requests.map((asked) => {
    const next = decide(state, asked, chance);
    state = next.state;
    const { answer, lost, stale } = next.decision;
    return answer.kind === 'fault' ? answer.code : lost ? 'lost' : (stale ?? 'ok');
  });
}

test('times counts the requests it has disturbed, and only those', () => {
  const dials: readonly Dial[] = [
    { action: 'A', lost: true, times: 2 },
    { action: '*', stale: 'missing-eni', times: 1 },
  ];
  const requests = [ask('A'), ask('B'), ask('A'), ask('B', 0, true), ask('A', 0, true), ask('B', 0, true)];
  expect(walk(stateOf(dials), requests)).toEqual(['lost', 'ok', 'lost', 'missing-eni', 'ok', 'ok']);
});

test('probability: of many requests about so many are disturbed, the same ones for the same seed', () => {
  const state = stateOf([{ action: 'A', error: 'X', probability: 0.25 }]);
  const run = (seed: number): readonly string[] =>
    walk(
      state,
      Array.from({ length: 4000 }, () => ask('A')),
      createChance(seed),
    );
  const hits = run(7).filter((word) => word === 'X').length;
  // Five standard deviations: 4000 × 0.25 ± 5 × √(4000 × 0.25 × 0.75).
  expect(Math.abs(hits - 1000)).toBeLessThan(137);
  expect(run(7)).toEqual(run(7));
  expect(run(7)).not.toEqual(run(8));
});

test('a bucket gives its size at once, then its rate; each action has its own, whoever calls', () => {
  const state = stateOf([{ action: '*', bucket: { size: 2, perSecond: 10 } }]);
  const requests = [ask('A'), ask('A'), ask('A'), ask('B'), ask('A', 99), ask('A', 100), ask('A', 101), ask('A', 9000)];
  expect(walk(state, [...requests, ask('A', 9000), ask('A', 9000)])).toEqual([
    ...['ok', 'ok', 'RequestLimitExceeded', 'ok', 'RequestLimitExceeded', 'ok', 'RequestLimitExceeded'],
    ...['ok', 'ok', 'RequestLimitExceeded'],
  ]);
});

test('what a bucket refuses does not count for the other dial of the action', () => {
  const state = stateOf([
    { action: 'A', error: 'X', times: 1 },
    { action: '*', bucket: { size: 1, perSecond: 1 } },
  ]);
  expect(walk(state, [ask('B'), ask('B'), ask('A'), ask('A'), ask('A', 1000)])).toEqual([
    ...['ok', 'RequestLimitExceeded', 'X', 'RequestLimitExceeded', 'ok'],
  ]);
});

/** EC2 developer guide, "Request throttling for the Amazon EC2 API". */
const documented = [
  { action: 'DescribeSubnets', unfiltered: false, size: 100, perSecond: 20 },
  { action: 'DescribeSubnets', unfiltered: true, size: 100, perSecond: 20 },
  { action: 'DescribeNetworkInterfaces', unfiltered: false, size: 100, perSecond: 20 },
  { action: 'DescribeNetworkInterfaces', unfiltered: true, size: 50, perSecond: 10 },
  { action: 'DescribeInstances', unfiltered: true, size: 50, perSecond: 10 },
  { action: 'GetSubnetCidrReservations', unfiltered: true, size: 100, perSecond: 20 },
  { action: 'CreateNetworkInterface', unfiltered: true, size: 100, perSecond: 5 },
  { action: 'AssignPrivateIpAddresses', unfiltered: true, size: 100, perSecond: 5 },
  { action: 'UnassignIpv6Addresses', unfiltered: true, size: 50, perSecond: 5 },
  { action: 'AttachNetworkInterface', unfiltered: true, size: 50, perSecond: 5 },
  { action: 'DetachNetworkInterface', unfiltered: true, size: 50, perSecond: 5 },
  { action: 'CreateTags', unfiltered: true, size: 100, perSecond: 10 },
  { action: 'RunInstances', unfiltered: true, size: 5, perSecond: 2 },
  { action: 'CreateSubnet', unfiltered: true, size: 50, perSecond: 5 },
] as const;
test.each(documented)('$action (unfiltered: $unfiltered) has $size tokens and gains $perSecond a second', (row) => {
  const { action, unfiltered, size, perSecond } = row;
  expect(ec2Bucket({ action, unfiltered }).bucket).toEqual({ size, perSecond });
});

test('the documented buckets: switched on, an action has its own until a dial replaces it', () => {
  const granted = (state: DialState, ...asked: readonly Partial<Asked>[]): readonly number[] => {
    const requests = asked.flatMap((one) => Array.from({ length: 200 }, () => ({ ...ask('CreateTags'), ...one })));
    const words = walk(state, requests);
    return asked.map((_, n) => words.slice(n * 200, n * 200 + 200).filter((word) => word === 'ok').length);
  };
  const two = [{ action: 'DescribeInstances', unfiltered: true }, { action: 'DescribeInstances' }, {}];
  const replaced: readonly Dial[] = [
    { action: 'DescribeInstances', bucket: { size: 3, perSecond: 0 } },
    { action: '*', bucket: { size: 4, perSecond: 0 } },
  ];
  expect([
    granted(stateOf([], 'ec2'), ...two, { action: 'IMDS' }),
    granted(stateOf(replaced, 'ec2'), ...two, { action: 'IMDS' }),
    granted(stateOf([]), ...two),
  ]).toEqual([
    [50, 100, 100, 200],
    [3, 0, 4, 200],
    [200, 200, 200],
  ]);
});

test('no bucket ever grants more than its size and what it gained meanwhile', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }),
      (size, perSecond, gaps) => {
        let now = 0;
        const requests = gaps.map((gap) => {
          now += gap;
          return ask('A', now);
        });
        const words = walk(stateOf([{ action: 'A', bucket: { size, perSecond } }]), requests);
        const granted = words.filter((word) => word === 'ok').length;
        expect(granted).toBeLessThanOrEqual(size + (now / 1000) * perSecond + 1e-6);
        expect(granted).toBeGreaterThanOrEqual(Math.min(requests.length, size));
      },
    ),
  );
});

test('delays: fixed, uniform within its bounds, log-normal with the median and the tail asked for', () => {
  const chance = createChance(3);
  const draw = (delay: Parameters<typeof sampleDelay>[0]): readonly number[] =>
    Array.from({ length: 20_000 }, () => sampleDelay(delay, chance)).sort((a, b) => a - b);
  expect(sampleDelay({ fixedMs: 12 }, never)).toBe(12);
  const uniform = draw({ minMs: 50, maxMs: 300 });
  expect([Math.round(uniform[0] ?? 0), Math.round(uniform.at(-1) ?? 0)]).toEqual([50, 300]);
  const logNormal = draw({ p50Ms: 80, p99Ms: 900 });
  expect(Math.abs((logNormal[10_000] ?? 0) / 80 - 1)).toBeLessThan(0.05);
  expect(Math.abs((logNormal[19_800] ?? 0) / 900 - 1)).toBeLessThan(0.15);
  expect(draw({ p50Ms: 500_000, p99Ms: 600_000 }).at(-1)).toBe(600_000);
});
