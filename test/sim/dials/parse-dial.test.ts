import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Delay, formatDelay, parseDelay, parseDial } from '../../../src/sim/dials/index.ts';

const ACTIONS = ['CreateNetworkInterface', 'DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSubnets'];

const sound = [
  { action: 'CreateNetworkInterface', error: 'InsufficientCidrBlocks', times: 2 },
  { action: '*', denied: true },
  { action: 'DescribeSubnets', throttled: true, probability: 0.5 },
  { action: 'IMDS', error: '503', delay: { minMs: 50, maxMs: 300 } },
  { action: 'CreateNetworkInterface', bucket: { size: 3, perSecond: 0.5 } },
  { action: 'CreateNetworkInterface', lost: true, delay: { p50Ms: 80, p99Ms: 900 } },
  { action: '*', garble: 'types', times: 1 },
  { action: 'IMDS', lagMs: 3000, stale: 'missing-prefix' },
  { action: 'DescribeNetworkInterfaces', stale: 'deleted-eni', times: 1 },
  { action: '*', lagMs: 0 },
];
test.each(sound)('parseDial() takes %j', (dial) => {
  expect(parseDial(dial, ACTIONS)).toEqual({ kind: 'dial', dial: JSON.parse(JSON.stringify(dial)) });
});

test('parseDial() takes a delay in the words of the command line', () => {
  expect(parseDial({ action: '*', delay: 'p50=80,p99=900' }, ACTIONS)).toEqual({
    kind: 'dial',
    dial: { action: '*', delay: { p50Ms: 80, p99Ms: 900 } },
  });
});

const KEYS = 'action, error, denied, throttled, lost, garble, delay, bucket, lagMs, stale, times, probability';
const unsound: readonly { name: string; value: unknown; problems: readonly string[] }[] = [
  {
    name: 'no object',
    value: [],
    problems: ['a dial is an object with an action and what it does'],
  },
  {
    name: 'no effect',
    value: { action: '*' },
    problems: ['a dial needs at least one of error, denied, throttled, lost, garble, delay, bucket, lagMs, stale'],
  },
  {
    name: 'an unknown key',
    value: { action: '*', delayMs: 5, lost: true },
    problems: [`unknown: delayMs; a dial has ${KEYS}`],
  },
  {
    name: 'an unknown action',
    value: { action: 'CreateNetworkInterfaces', lost: true },
    problems: [`there is no action "CreateNetworkInterfaces"; use "IMDS", "*" or one of ${ACTIONS.join(', ')}`],
  },
  {
    name: 'an EC2 code for IMDS',
    value: { action: 'IMDS', error: 'InternalError' },
    problems: ['error must be an HTTP status from 400 to 599, not "InternalError"'],
  },
  {
    name: 'a lag where nothing lags',
    value: { action: 'DescribeSubnets', lagMs: 5 },
    problems: [
      'lagMs and stale change only the answers of IMDS, *, DescribeInstances, DescribeNetworkInterfaces, not of DescribeSubnets',
    ],
  },
  {
    name: 'two refusals at once',
    value: { action: '*', error: 'InternalError', throttled: true, lost: true },
    problems: ['only one of error, throttled, lost can happen to a request'],
  },
  {
    name: 'a bucket that counts only some requests',
    value: { action: '*', bucket: { size: 1, perSecond: 1 }, times: 3 },
    problems: ['a bucket counts every request, so it takes neither times nor probability'],
  },
  {
    name: 'every value wrong, all said at once',
    value: {
      action: '*',
      denied: 'yes',
      delay: 'soon',
      bucket: { size: 0, perSecond: 1 },
      lagMs: -1,
      stale: 'old',
      times: 1.5,
      probability: 0,
    },
    problems: [
      'a bucket counts every request, so it takes neither times nor probability',
      'denied is true or left out, not "yes"',
      'bucket must be { size, perSecond }: a whole size of at least 1 and a rate of at least 0, not {"size":0,"perSecond":1}',
      'lagMs is 0 to 600000, not -1',
      'stale is one of missing-eni, missing-prefix, missing-address, deleted-eni, not "old"',
      'times is a whole number from 1 to 1000000, not 1.5',
      'probability is above 0 and up to 1, not 0',
      '"soon" is no delay: write "200", "50-300" or "p50=80,p99=900", in milliseconds',
    ],
  },
  {
    name: 'a delay of an unknown shape',
    value: { action: '*', delay: { fixedMs: 1, minMs: 2 } },
    problems: [
      'delay must be { fixedMs }, { minMs, maxMs }, { p50Ms, p99Ms } or words such as "50-300", not {"fixedMs":1,"minMs":2}',
    ],
  },
  {
    name: 'a delay that ends before it begins',
    value: { action: '*', delay: { minMs: 20, maxMs: 10 } },
    problems: ['the shortest delay is longer than the longest'],
  },
  {
    name: 'a median above the tail',
    value: { action: '*', delay: 'p50=900,p99=80' },
    problems: ['p50 must be above 0 and not above p99'],
  },
  {
    name: 'a delay of hours',
    value: { action: '*', delay: '600001' },
    problems: ['a delay is 0 to 600000 ms'],
  },
];
for (const { name, value, problems } of unsound) {
  test(`parseDial() refuses ${name}`, () => {
    expect(parseDial(value, ACTIONS)).toEqual({ kind: 'problems', problems });
  });
}

test('parseDial() never throws, and what it took it takes again unchanged', () => {
  const key = fc.constantFrom(...KEYS.split(', '), 'delayMs', 'constructor');
  const value = fc.oneof(fc.constantFrom('*', 'IMDS', 'DescribeInstances', '50-300', true, 1, 0.5), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(key, value), fc.jsonValue()), (candidate) => {
      const parsed = parseDial(candidate, ACTIONS);
      if (parsed.kind === 'problems') expect(parsed.problems.length).toBeGreaterThan(0);
      else expect(parseDial(JSON.parse(JSON.stringify(parsed.dial)), ACTIONS)).toEqual(parsed);
    }),
  );
});

test('formatDelay() writes what parseDelay() reads back', () => {
  const ms = fc.integer({ min: 1, max: 600_000 });
  const delay: fc.Arbitrary<Delay> = fc.oneof(
    ms.map((fixedMs) => ({ fixedMs })),
    fc.tuple(ms, ms).map(([a, b]) => ({ minMs: Math.min(a, b), maxMs: Math.max(a, b) })),
    fc.tuple(ms, ms).map(([a, b]) => ({ p50Ms: Math.min(a, b), p99Ms: Math.max(a, b) })),
  );
  fc.assert(fc.property(delay, (one) => expect(parseDelay(formatDelay(one))).toEqual(one)));
});
