import type { CaseGuest } from '../../../support/case-guest.ts';
import { afterEveryKill, expectTakenBack } from '../../../support/every-kill.ts';

/** The record of what a host gets back must outlive everything that it speaks of. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.install();
  await afterEveryKill(guest, 'uninstall', async (step) => {
    await expectTakenBack(guest, step);
    await guest.install();
  });
}
