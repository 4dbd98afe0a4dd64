import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { CARRIED } from '../../../support/systemd-guest.ts';

const PLACES = ['/opt', '/usr/bin', '/etc/systemd/system'] as const;

/** Makes a folder read-only for what runs in the guest. */
async function freeze(guest: CaseGuest, path: string): Promise<void> {
  await guest.text('mount', '--bind', path, path);
  await guest.text('mount', '-o', 'remount,bind,ro', path);
}

/** Each place in turn on a bare host; then an installed one whose /opt cannot be written any more. */
export default async function run(guest: CaseGuest): Promise<void> {
  for (const path of PLACES) {
    await freeze(guest, path);
    const failure = await guest.failure('install');
    expect(failure).toMatchObject({
      exitCode: 1,
      error: { message: expect.stringMatching(new RegExp(`${path}/.*read-only`)) },
    });
    await guest.text('umount', '--lazy', path);
    expect({ path, remains: await guest.remains() }).toEqual({ path, remains: [] });
  }

  await guest.install();
  await freeze(guest, '/opt');
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
  await guest.text('systemctl', 'restart', 'vpc-cni-ipamd.service');
  const pod = await guest.addPod('a');
  await guest.deletePod(pod);
  const { exitCode, stdout } = await guest.run([CARRIED, 'uninstall', '--json']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: expect.stringContaining('/opt/vpc-cni') });
  // What it could not finish it finishes later.
  await guest.text('umount', '--lazy', '/opt');
  await guest.uninstall();
  expect(await guest.remains()).toEqual([]);
}
