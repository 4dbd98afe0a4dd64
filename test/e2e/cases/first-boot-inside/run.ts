import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { expectReadyNode } from '../../../support/first-boot.ts';

/** Bakes as a provisioner of Packer does, on the machine of the image, and boots what came out. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.vpc.dial('IMDS', '--error', '503');
  const kernel = await guest.kernel();
  const report = await guest.install('--stage', 'image');
  guest.tell(`image stage ${report.ms} ms`);
  guest.expectTree('image');
  // An image stage is about files: nothing was started, and the kernel of the build machine is as before.
  expect(await guest.kernel()).toBe(kernel);
  expect([await guest.machine.property('UnitFileState'), await guest.machine.property('ActiveState')]).toEqual([
    'enabled',
    'inactive',
  ]);
  expect(await guest.install('--stage', 'image')).toMatchObject({ changed: false, changes: [] });
  await guest.machine.shutDown();
  await guest.vpc.clearDials();
  await expectReadyNode(guest);
  guest.expectTree();
}
