import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { LaneHolds } from '../../src/ipamd/lane-holds.ts';
import { Progress } from '../../src/ipamd/progress.ts';
import { Pool } from '../../src/pool/index.ts';
import { facts, single } from '../pool/model/sample.ts';

const ASSIGN = { kind: 'assign', eniId: 'eni-0-0', unit: 'address', count: 1 } as const;

function sample() {
  const holds = new LaneHolds({ now: () => 0, monotonic: () => 0 });
  const pool = new Pool();
  pool.putEni(facts(0));
  return { holds, pool, progress: new Progress(holds) };
}

test('an action that changes nothing holds its lane back, longer each time', () => {
  const { holds, pool, progress } = sample();
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    const ended = progress.begin(ASSIGN, pool);
    holds.succeed('growth', 0);
    ended();
    expect(holds.failureOf('growth')?.code).toBe('NO_PROGRESS');
    waits.push(holds.untils.growthUntilMs);
  }
  expect(waits[0]).toBeGreaterThan(0);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(new Set(waits).size).toBe(4);
  expect(holds.untils.shrinkUntilMs).toBe(0);
});

test('one that gives an address, or has failed by itself, is left alone', () => {
  const { holds, pool, progress } = sample();
  const gives = progress.begin(ASSIGN, pool);
  pool.addCidrs('eni-0-0', [single(1)]);
  gives();
  expect(holds.failureOf('growth')).toBeUndefined();
  const fails = progress.begin(ASSIGN, pool);
  holds.hold('growth', 7, new HostError('EC2_THROTTLED', {}));
  fails();
  expect(holds.failureOf('growth')?.code).toBe('EC2_THROTTLED');
  expect(holds.untils.growthUntilMs).toBe(7);
});

test('success of work that went beside a failure says nothing of the failure; success of later work ends it', () => {
  let nowMs = 0;
  const holds = new LaneHolds({ now: () => 0, monotonic: () => nowMs });
  const began = nowMs;
  nowMs = 10;
  holds.hold('growth', 1_000, new HostError('EC2_THROTTLED', {}));
  nowMs = 50;
  expect(holds.succeed('growth', began)).toBe(false);
  expect([holds.failureOf('growth')?.code, holds.untils.growthUntilMs]).toEqual(['EC2_THROTTLED', 1_010]);
  expect(holds.succeed('growth', nowMs)).toBe(true);
  expect([holds.failureOf('growth')?.code, holds.untils.growthUntilMs]).toEqual([undefined, 0]);
});

test('one failure is forgotten only while it is the last', () => {
  const holds = new LaneHolds({ now: () => 0, monotonic: () => 0 });
  const [lost, throttled] = [new HostError('EC2_UNREACHABLE', {}), new HostError('EC2_THROTTLED', {})];
  holds.hold('growth', 0, lost);
  holds.hold('growth', 9, throttled);
  holds.forget('growth', lost);
  expect(holds.failureOf('growth')).toBe(throttled);
  holds.forget('growth', throttled);
  expect(holds.failureOf('growth')).toBeUndefined();
});
