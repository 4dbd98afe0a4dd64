import { expect } from 'bun:test';
import { version as VERSION } from '../../../../package.json';
import type { CaseGuest } from '../../../support/case-guest.ts';
import {
  carry,
  expectNoneLost,
  failure,
  INTERNET,
  pingAll,
  podState,
  report,
  versions,
} from '../../../support/case-versions.ts';
import { UNIT } from '../../../support/systemd-guest.ts';
import { buildVersion } from '../../../support/versions.ts';

const PLUGINS = ['loopback', 'portmap', 'bandwidth', 'host-local', 'tuning'] as const;
const RELEASE = '/root/plugins';

/** Stock plugins that say they are of a release, as those of upstream do; Debian's do not know their version. */
async function writeRelease(guest: CaseGuest, version: string): Promise<void> {
  for (const name of PLUGINS) {
    const about = `CNI ${name} plugin ${version}\\nCNI protocol versions supported: 0.1.0, 1.0.0, 1.1.0\\n`;
    const script = `#!/bin/sh\n[ -n "$CNI_COMMAND" ] && exec /usr/lib/cni/${name}\nprintf '${about}' >&2\n`;
    await guest.machine.write(`${RELEASE}/${name}`, script);
    await guest.text('chmod', '0755', `${RELEASE}/${name}`);
  }
}

const loopbackIsRelease = async (guest: CaseGuest): Promise<boolean> =>
  (await guest.run(['/opt/cni/bin/loopback'])).stderr.includes('v1.9.1');

export default async function run(guest: CaseGuest): Promise<void> {
  const next = carry(guest, buildVersion('9.1.0'), '9.1.0');
  await writeRelease(guest, 'v1.9.1');
  await guest.pristine();
  expect((await failure(guest, next, 'rollback')).error).toMatchObject({
    code: 'NO_PREVIOUS_VERSION',
    message: 'there is no version to go back to: nothing is installed on this host',
  });
  await guest.install();
  expect((await failure(guest, 'vpc-cni', 'rollback')).error.message).toBe(
    `there is no version to go back to: ${VERSION} is the first version on this host`,
  );
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  const pods = await podState(guest, [a, b]);
  const pings = pingAll(guest, a, b);
  await report(guest, next, 'install', '--plugins', RELEASE);
  expect(await loopbackIsRelease(guest)).toBe(true);

  const dry = await guest.run(['vpc-cni', 'rollback', '--dry-run']);
  expect([dry.exitCode, dry.stderr]).toEqual([3, `from 9.1.0 back to ${VERSION}\n`]);
  expect(dry.stdout).toContain(`link /opt/vpc-cni/current → ${VERSION}, instead of 9.1.0\n`);
  expect(await versions(guest)).toEqual({ current: '9.1.0', previous: VERSION, serves: '9.1.0' });

  // Back, forth and back: the two change places, pods notice nothing, and the newer plugins stay.
  const begin = performance.now();
  await report(guest, 'vpc-cni', 'rollback');
  guest.tell(`rollback ${Math.round(performance.now() - begin)} ms`);
  expect(await versions(guest)).toEqual({ current: VERSION, previous: '9.1.0', serves: VERSION });
  expect(await loopbackIsRelease(guest)).toBe(true);
  guest.expectTree();
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
  await report(guest, 'vpc-cni', 'rollback');
  expect(await versions(guest)).toEqual({ current: '9.1.0', previous: VERSION, serves: '9.1.0' });

  // With a daemon that is killed again and again, and with one that is stopped.
  await guest.text('mount', '--bind', '/bin/false', '/opt/vpc-cni/9.1.0/vpc-cni');
  await guest.text('kill', '-9', await guest.machine.property('MainPID'));
  await guest.machine.untilProperty('SubState', 'auto-restart');
  await report(guest, `/opt/vpc-cni/${VERSION}/vpc-cni`, 'install');
  expect(await versions(guest)).toEqual({ current: VERSION, previous: '9.1.0', serves: VERSION });
  await guest.text('umount', '/opt/vpc-cni/9.1.0/vpc-cni');
  await guest.text('systemctl', 'stop', UNIT);
  await report(guest, 'vpc-cni', 'rollback');
  expect(await versions(guest)).toEqual({ current: '9.1.0', previous: VERSION, serves: '9.1.0' });

  // Plugins older than the installed ones are not taken, unless told so.
  const older = await report(guest, next, 'install', '--plugins', '/usr/lib/cni');
  expect(older.changed).toBe(false);
  expect(older.notes).toContain(
    'loopback v1.9.1 stays, it is newer than /usr/lib/cni/loopback (of unknown version, CNI 1.0.0) (--force replaces it)',
  );
  await report(guest, next, 'install', '--plugins', '/usr/lib/cni', '--force');
  expect(await loopbackIsRelease(guest)).toBe(false);

  await guest.text('cp', '/bin/true', `/opt/vpc-cni/${VERSION}/vpc-cni`);
  expect((await failure(guest, 'vpc-cni', 'rollback')).error.message).toBe(
    `there is no version to go back to: /opt/vpc-cni/${VERSION}/vpc-cni is not what was installed there`,
  );
  expect(await podState(guest, [a, b])).toBe(pods);
  expect(await guest.unreached(a, b.address, INTERNET)).toEqual([]);
  await expectNoneLost(guest, pings);
  for (const pod of [a, b]) await guest.deletePod(pod);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
}
