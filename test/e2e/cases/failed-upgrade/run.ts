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
import { until } from '../../../support/e2e.ts';
import { diffFiles } from '../../../support/guest-files.ts';
import { UNIT } from '../../../support/systemd-guest.ts';
import { buildVersion, ENDS_AT_START, NEVER_READY, OTHER_UNIT } from '../../../support/versions.ts';

/** What an upgrade may have changed; the daemon goes on writing what it knows of pods. */
const stateOf = (guest: CaseGuest) => guest.tree();

export default async function run(guest: CaseGuest): Promise<void> {
  const broken = { name: '9.2.0-ends', changes: [ENDS_AT_START, OTHER_UNIT] };
  const ends = carry(guest, buildVersion('9.2.0', broken), '9.2.0-ends');
  const hangs = carry(guest, buildVersion('9.2.0', { name: '9.2.0-hangs', changes: [NEVER_READY] }), '9.2.0-hangs');
  // With the unit of before, so that systemd, which forgets its count of starts when it reads a unit anew, has no reason to.
  const plain = carry(guest, buildVersion('9.2.0', { name: '9.2.0-plain', changes: [ENDS_AT_START] }), '9.2.0-plain');
  // Of the version that is installed: its place is taken, and given back.
  const build = carry(guest, buildVersion(VERSION, { name: 'ends', changes: [ENDS_AT_START] }), 'ends');
  await guest.pristine();
  await guest.install();
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  const pods = await podState(guest, [a, b]);
  const before = stateOf(guest);
  const pings = pingAll(guest, a, b);

  const stays = async (): Promise<void> => {
    expect(diffFiles(before, stateOf(guest))).toEqual([]);
    expect(await versions(guest)).toEqual({ current: VERSION, previous: null, serves: VERSION });
    expect(await guest.machine.property('ActiveState')).toBe('active');
    expect(await guest.machine.property('NeedDaemonReload')).toBe('no');
    expect(await podState(guest, [a, b])).toBe(pods);
    await guest.deletePod(await guest.addPod('new'));
    expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
  };

  const begin = performance.now();
  const ended = await failure(guest, ends, 'install');
  guest.tell(`an upgrade that fails at once, and the way back: ${Math.round(performance.now() - begin)} ms`);
  expect({ exitCode: ended.exitCode, code: ended.error.code }).toEqual({ exitCode: 1, code: 'UPGRADE_ROLLED_BACK' });
  expect(ended.error.message).toMatch(
    new RegExp(
      `^ipamd of version 9\\.2\\.0 did not start: .*the pool of this version does not load.* \\(journalctl -u vpc-cni-ipamd.service\\); everything of this run was taken back, and version ${VERSION} serves again$`,
    ),
  );
  await stays();

  const hung = await failure(guest, hangs, 'install', '--ready-timeout', '10');
  expect({ exitCode: hung.exitCode, message: hung.error.message }).toEqual({
    exitCode: 1,
    message: `ipamd of version 9.2.0 is not ready after 10 s: reading the instance metadata; everything of this run was taken back, and version ${VERSION} serves again`,
  });
  await stays();

  const rebuilt = await failure(guest, build, 'install');
  expect(rebuilt.error.message).toMatch(
    new RegExp(`^ipamd of version ${VERSION}\\+[0-9a-f]{12} .* and version ${VERSION}\\+[0-9a-f]{12} serves again$`),
  );
  await stays();

  // While EC2 is out of order the version before serves what it knows.
  await guest.vpc.dial('DescribeNetworkInterfaces', '--error=InternalError');
  const known = await failure(guest, ends, 'install', '--ready-timeout', '12').finally(() => guest.vpc.clearDials());
  expect(known.error.code).toBe('UPGRADE_ROLLED_BACK');
  await stays();

  // It cannot serve either once the metadata are out of order: both reasons are told, and its files are back.
  const outage = (async () => {
    while ((await guest.machine.property('ActiveState')) === 'active') await Bun.sleep(10);
    await guest.vpc.dial('IMDS', '--error=500');
  })();
  const stuck = await failure(guest, ends, 'install', '--ready-timeout', '12');
  await outage.finally(() => guest.vpc.clearDials());
  expect(stuck.error.code).toBe('UPGRADE_STUCK');
  expect(stuck.error.message).toMatch(
    new RegExp(
      `^ipamd of version 9\\.2\\.0 did not start: .*; then version ${VERSION} did not start: .*metadata.*; everything of this run was taken back$`,
    ),
  );
  // systemd goes on starting it, and once it can it serves.
  await guest.machine.untilProperty('ActiveState', 'active');
  expect(diffFiles(before, stateOf(guest))).toEqual([]);
  await stays();

  // Where nothing served before there is nothing to go back to: the files stay, and rollback is the way out.
  await guest.text('systemctl', 'stop', 'vpc-cni-ipamd');
  expect((await failure(guest, plain, 'install')).error.code).toBe('IPAMD_NOT_READY');
  expect(await versions(guest)).toEqual({ current: '9.2.0', previous: VERSION, serves: null });
  // Also once systemd has given up: it refuses starts that nobody asked for.
  await guest.machine.write(`/run/systemd/system/${UNIT}.d/50-test.conf`, '[Unit]\nStartLimitBurst=2\n');
  await guest.text('systemctl', 'daemon-reload');
  await until('systemd to give up', async () => {
    const journal = await guest.text('journalctl', '--quiet', `--unit=${UNIT}`, '--output=cat', '--lines=5');
    return journal.includes('Start request repeated too quickly') ? true : undefined;
  });
  expect((await guest.run(['systemctl', 'start', UNIT])).exitCode).toBe(1);
  await report(guest, 'vpc-cni', 'rollback');
  expect(await versions(guest)).toEqual({ current: VERSION, previous: '9.2.0', serves: VERSION });
  await guest.text('rm', '-r', `/run/systemd/system/${UNIT}.d`);
  expect(await guest.unreached(a, b.address, INTERNET)).toEqual([]);
  await expectNoneLost(guest, pings);
  for (const pod of [a, b]) await guest.deletePod(pod);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
}
