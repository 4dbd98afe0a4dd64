import { expect } from 'bun:test';
import type { CaseGuest } from './case-guest.ts';

/** More than the parts of an installation have together: a guard, not a measure. */
const MOST_STEPS = 200;

/** Calls `visit` after a kill behind each step of a command, until a run gets to its end. Tells how many there were. */
export async function afterEveryKill(
  guest: CaseGuest,
  word: 'install' | 'uninstall',
  visit: (step: number) => Promise<void>,
): Promise<void> {
  for (let step = 1; step <= MOST_STEPS; step += 1) {
    const killed = await guest.killAfterStep(step, word);
    if (killed.kind === 'finished') {
      guest.tell(`${word} was killed behind each of ${step - 1} steps`);
      expect(step).toBeGreaterThan(20);
      return;
    }
    // The line of the last step is the one it could not write.
    expect(killed.lines).toHaveLength(Math.max(0, step - 2));
    await visit(step);
  }
  throw new Error(`${word} has more than ${MOST_STEPS} steps`);
}

/** Takes what is there off the guest, after which it must be as before the first install. */
export async function expectTakenBack(guest: CaseGuest, step: number): Promise<void> {
  await guest.uninstall();
  expect({ step, remains: await guest.remains() }).toEqual({ step, remains: [] });
}
