import type { CaseGuest } from '../../../support/case-guest.ts';
import { afterEveryKill, expectTakenBack } from '../../../support/every-kill.ts';
import { useHost } from '../../../support/used-host.ts';

/** Whoever gives up after a crash need not install again first. */
export default async function run(guest: CaseGuest): Promise<void> {
  await useHost(guest);
  await afterEveryKill(guest, 'install', (step) => expectTakenBack(guest, step));
}
