import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { type SimEvent, SimFault, type SimVpc } from '../../../src/sim/model/index.ts';
import { crampedVpc, type RandomClock } from './cramped-vpc.ts';
import { checkBooks, snapshot } from './invariants.ts';
import { Picture } from './picture.ts';
import { perform, type Step, step } from './random-steps.ts';
import { takeApart } from './take-apart.ts';

/** Takes a step; one that is refused must change nothing that can be read, and tell nobody. */
function take(parts: { vpc: SimVpc; next: Step; clock: RandomClock; events: readonly SimEvent[] }): void {
  const { vpc, next, clock, events } = parts;
  const before = snapshot(vpc);
  const told = events.length;
  try {
    perform(vpc, next, clock);
  } catch (error) {
    if (!(error instanceof SimFault)) throw error;
    expect(snapshot(vpc)).toBe(before);
    expect(events.slice(told)).toEqual([]);
  }
}

test('whatever is done in whatever order, the books of the VPC stay right', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const clock: RandomClock = { now: 1_700_000_000_000 };
      const vpc = crampedVpc(clock);
      const picture = new Picture(vpc);
      const events: SimEvent[] = [];
      vpc.observe((event) => {
        events.push(event);
        picture.follow(event);
      });
      for (const next of steps) {
        take({ vpc, next, clock, events });
        checkBooks(vpc);
        expect(picture.drawn()).toEqual(picture.real());
        const gone = events.flatMap((event) => (event.kind === 'eni-deleted' ? [event.eni.id] : []));
        expect(gone.filter((id) => vpc.findEni(id) !== undefined)).toEqual([]);
      }
      takeApart(vpc);
    }),
    { numRuns: 200, includeErrorInReport: true },
  );
}, 120_000);
