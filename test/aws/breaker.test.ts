import { expect, test } from 'bun:test';
import { Breaker } from '../../src/aws/breaker.ts';
import { type ErrorCode, HostError } from '../../src/errors/index.ts';

const failure = (code: ErrorCode): HostError =>
  new HostError(code, { action: 'CreateTags', reason: 'no', subnet: 's' });

/** Sends a request at a time and tells how it ended: `stay`, or `go` or `probe` and what EC2 answered. */
function send(breaker: Breaker, nowMs: number, code?: ErrorCode): string {
  const passage = breaker.enter(nowMs);
  if (passage.kind === 'stay') return 'stay';
  breaker.leave(passage, { error: code && failure(code), nowMs, random: 1 });
  return passage.probe ? 'probe' : 'go';
}

/** Refusals in a row until the breaker opens, and for how long it is open then (with the most jitter). */
const rows = [
  { code: 'EC2_THROTTLED', after: 3, ms: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] },
  { code: 'EC2_UNREACHABLE', after: 5, ms: [1_000, 2_000, 4_000, 8_000, 15_000, 15_000] },
  { code: 'EC2_CREDENTIALS', after: 3, ms: [5_000, 10_000, 20_000, 40_000, 60_000, 60_000] },
  { code: 'IAM_DENIED', after: 3, ms: [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000] },
] as const;
for (const { code, after, ms } of rows) {
  test(`${code} ${after} times in a row opens the breaker, for longer each time`, () => {
    const breaker = new Breaker();
    const closed = Array.from({ length: after }, () => send(breaker, 0, code));
    expect(closed).toEqual(closed.map(() => 'go'));
    let nowMs = 0;
    const pauses = ms.map(() => {
      const { untilMs = 0, error } = breaker.pause ?? {};
      expect([error?.code, send(breaker, untilMs - 1, code)]).toEqual([code, 'stay']);
      const pauseMs = untilMs - nowMs;
      nowMs = untilMs;
      expect(send(breaker, nowMs, code)).toBe('probe');
      return pauseMs;
    });
    expect(pauses).toEqual([...ms]);
  });
}

test('the pause is at least half as long whatever chance says', () => {
  const breaker = new Breaker();
  for (let sent = 0; sent < 3; sent += 1)
    breaker.leave({ probe: false }, { error: failure('EC2_THROTTLED'), nowMs: 0, random: 0 });
  expect(breaker.pause?.untilMs).toBe(500);
});

test('an answer closes it, and the next pause is a first one again', () => {
  const breaker = new Breaker();
  for (let sent = 0; sent < 3; sent += 1) send(breaker, 0, 'IAM_DENIED');
  expect([send(breaker, 10_000, 'IAM_DENIED'), send(breaker, 30_000), breaker.pause]).toEqual([
    'probe',
    'probe',
    undefined,
  ]);
  for (let sent = 0; sent < 3; sent += 1) expect(send(breaker, 50_000, 'IAM_DENIED')).toBe('go');
  expect(breaker.pause?.untilMs).toBe(60_000);
});

test('refusals of another kind begin another row, and an answer that is no success ends it', () => {
  const breaker = new Breaker();
  const sent = ['EC2_THROTTLED', 'EC2_THROTTLED', 'IAM_DENIED', 'IAM_DENIED', 'SUBNET_NO_IPS', 'IAM_DENIED'] as const;
  for (const code of sent) send(breaker, 0, code);
  expect(breaker.pause).toBeUndefined();
});

test('half open, one request finds out and the others stay', () => {
  const breaker = new Breaker();
  for (let sent = 0; sent < 3; sent += 1) send(breaker, 0, 'EC2_THROTTLED');
  const passages = [breaker.enter(1_000), breaker.enter(1_000), breaker.enter(90_000)];
  expect(passages.map((each) => (each.kind === 'go' ? each.probe : each.kind))).toEqual([true, 'stay', 'stay']);
  breaker.abandon({ probe: true });
  expect(breaker.enter(1_000)).toEqual({ kind: 'go', probe: true });
});

test('requests that were under way when it opened do not make the pause longer', () => {
  const breaker = new Breaker();
  for (let sent = 0; sent < 20; sent += 1)
    breaker.leave({ probe: false }, { error: failure('EC2_THROTTLED'), nowMs: sent, random: 1 });
  expect(breaker.pause?.untilMs).toBe(2 + 1_000);
});

for (const [code, ends] of [
  ['EC2_UNREACHABLE', true],
  ['EC2_CREDENTIALS', true],
  ['EC2_THROTTLED', false],
  ['IAM_DENIED', false],
] as const) {
  test(`an answer to another action ${ends ? 'ends' : 'does not end'} a pause of ${code}`, () => {
    const breaker = new Breaker();
    for (let sent = 0; sent < 5; sent += 1) send(breaker, 0, code);
    breaker.heard(100);
    expect(send(breaker, 100)).toBe(ends ? 'probe' : 'stay');
  });
}
