import { describe, expect, test } from 'bun:test';
import { LineLimit } from '../../src/log/index.ts';

const few = { burst: 2, perSecond: 1 };
const passes = (limit: LineLimit, message: string, nowMs: number): boolean => limit.take(message, nowMs).passes;

describe('LineLimit', () => {
  test('lets a burst pass, then as many as its rate', () => {
    const limit = new LineLimit(few);
    expect([0, 0, 0, 500, 1000, 1000, 2000].map((ms) => passes(limit, 'call refused', ms))).toEqual([
      ...[true, true, false, false, true, false, true],
    ]);
  });

  test('kinds do not take from each other, and numbers make no kind', () => {
    const limit = new LineLimit(few);
    const texts = ['failed, trying again in 12 ms', 'failed, trying again in 345 ms', 'failed, trying again in 6 ms'];
    expect([...texts, 'pod added'].map((text) => passes(limit, text, 0))).toEqual([true, true, false, true]);
  });

  test('the next line of its kind tells how many were left out, once', () => {
    const limit = new LineLimit(few);
    for (let count = 0; count < 7; count += 1) limit.take('call refused', 0);
    const told = [1000, 2000].map((ms) => limit.take('call refused', ms).leftOut);
    expect(told).toEqual([[{ kind: 'call refused', count: 5 }], []]);
  });

  test('what nobody says again is told with another line, 10 s later', () => {
    const limit = new LineLimit(few);
    for (let count = 0; count < 5; count += 1) limit.take('call refused', 0);
    const told = [9_999, 10_000, 20_000].map((ms) => limit.take('pod added', ms).leftOut);
    expect(told).toEqual([[], [{ kind: 'call refused', count: 3 }], []]);
  });

  test('a thousand kinds cost no more memory than two hundred, and lose no count', () => {
    const limit = new LineLimit({ burst: 1, perSecond: 0 });
    const letters = (count: number): string =>
      count.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'[+digit] ?? '');
    let told = 0;
    for (let count = 0; count < 1000; count += 1)
      for (const _ of ['first', 'second'])
        for (const { count: leftOut } of limit.take(`${letters(count)}!`, 0).leftOut) told += leftOut;
    expect([told >= 799, told <= 1000]).toEqual([true, true]);
  });
});
