import type { CaseGuest } from '../../../support/case-guest.ts';
import { executable } from '../../../support/e2e.ts';
import { expectReadyNode } from '../../../support/first-boot.ts';

/** Bakes the guest's files from outside, then switches it on for the first time. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.pristine();
  const bake = ['install', '--stage', 'image', '--root', 'ROOT', '--json'] as const;
  const { exitCode, stdout, stderr } = await guest.machine.outside(executable(), ...bake);
  if (exitCode !== 0) throw new Error(`the image stage failed: ${stdout}${stderr}`);
  guest.tell(`image stage ${JSON.parse(stdout).ms} ms`);
  guest.expectTree('image');
  await expectReadyNode(guest);
  guest.expectTree();
}
