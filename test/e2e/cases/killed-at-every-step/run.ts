import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { afterEveryKill, expectTakenBack } from '../../../support/every-kill.ts';

/** Behind each step of image, boot and daemon: the next install finishes, the one after it finds nothing to do. */
export default async function run(guest: CaseGuest): Promise<void> {
  await afterEveryKill(guest, 'install', async (step) => {
    await guest.install();
    expect({ step, again: (await guest.install()).changes }).toEqual({ step, again: [] });
    await expectTakenBack(guest, step);
  });
}
