import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { bake } from '../../../support/first-boot.ts';
import { bootWithCloudInit, expectSettings } from '../../../support/user-data-boot.ts';

/** The first boot of a baked image; nodeadm would read its own part, and the file we leave it. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.pristine();
  await bake(guest);
  await bootWithCloudInit(guest);
  await expectSettings(guest, 'EC2 user data');
  // m5.large: 3 interfaces with 9 addresses for pods each, and two pods of the host.
  expect(await guest.text('cat', '/etc/eks/nodeadm.d/50-vpc-cni.yaml')).toMatch(/maxPods: 29$/m);
  expect(await guest.text('cat', '/var/log/cloud-init-output.log')).toMatch(/^ipamd +\S+, serving/m);
  guest.expectTree();
}
