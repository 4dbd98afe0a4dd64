import type { CaseGuest } from '../../../support/case-guest.ts';
import { bake, expectReadyNode } from '../../../support/first-boot.ts';

/** Bakes the guest's files from outside, then switches it on for the first time. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.pristine();
  await bake(guest);
  guest.expectTree('image');
  await expectReadyNode(guest);
  guest.expectTree();
}
