import type { CaseGuest } from '../../../support/case-guest.ts';
import { bake } from '../../../support/first-boot.ts';
import { bootWithCloudInit, expectSettings } from '../../../support/user-data-boot.ts';

/** The first boot of a baked image. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.pristine();
  await bake(guest);
  await bootWithCloudInit(guest);
  await expectSettings(guest, '/etc/vpc-cni/conf.d/50-user-data.env');
  guest.expectTree();
}
