import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { afterEveryKill, expectTakenBack } from '../../../support/every-kill.ts';
import { USED_HOST_CHANGES, useHost } from '../../../support/used-host.ts';

/** Behind each step of image, boot and daemon: the next install finishes, the one after it finds nothing to do. */
export default async function run(guest: CaseGuest): Promise<void> {
  await useHost(guest);
  const { changes } = await guest.install();
  for (const change of USED_HOST_CHANGES) expect(changes).toContainEqual(change);
  guest.expectTree();
  await expectTakenBack(guest, 0);
  await afterEveryKill(guest, 'install', async (step) => {
    await guest.install();
    expect({ step, again: (await guest.install()).changes }).toEqual({ step, again: [] });
    await expectTakenBack(guest, step);
  });
}
