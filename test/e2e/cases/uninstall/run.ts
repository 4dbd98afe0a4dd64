import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { CARRIED } from '../../../support/systemd-guest.ts';

const INTERNET = '198.51.100.1';

/** The words of the installation are what is there; the tree is the whole of it. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.install();
  guest.expectTree();
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  expect(await guest.unreached(a, b.address, INTERNET)).toEqual([]);
  for (const pod of [a, b]) await guest.deletePod(pod);

  await guest.uninstall();
  expect(await guest.remains()).toEqual([]);
  expect(await guest.uninstall()).toMatchObject({ changed: false, changes: [] });
  // Whatever has our name is the operator's or what was installed from.
  const named = ['(', '-name', '*vpc-cni*', '-o', '-name', 'aws-routed-eni', ')'] as const;
  const { stdout } = await guest.run(['find', '/', '/run', '-xdev', ...named, '-print']);
  expect(stdout.trimEnd().split('\n').sort()).toEqual(['/etc/vpc-cni', CARRIED]);
}
