import { expect } from 'bun:test';
import { version as VERSION } from '../../../../package.json';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { carry, expectNoneLost, pingAll, podState, report, versions } from '../../../support/case-versions.ts';
import { diffFiles } from '../../../support/guest-files.ts';
import { killAfterStep } from '../../../support/killed-step.ts';
import { CARRIED } from '../../../support/systemd-guest.ts';
import { buildVersion, OTHER_UNIT } from '../../../support/versions.ts';

const UPGRADED = { current: '9.1.0', previous: VERSION, serves: '9.1.0' };
const RETURNED = { current: VERSION, previous: '9.1.0', serves: VERSION };
const BEFORE = { current: VERSION, previous: null, serves: VERSION };

/** The host as it was before the first upgrade; what only a rollback needs goes by hand. */
async function reset(guest: CaseGuest): Promise<void> {
  await guest.install();
  await guest.text('rm', '-rf', '/opt/vpc-cni/9.1.0', '/opt/vpc-cni/previous');
}

/** What a daemon that runs has of the executable and the unit on the host. */
async function expectRunsInstalled(guest: CaseGuest): Promise<void> {
  const pid = await guest.machine.property('MainPID');
  const runs = await guest.text('readlink', `/proc/${pid}/exe`);
  expect(runs).toBe(await guest.text('readlink', '-f', '/opt/vpc-cni/current/vpc-cni'));
  expect(await guest.machine.property('NeedDaemonReload')).toBe('no');
  const pause = await guest.text('sed', '-n', 's/^RestartSec=//p', '/etc/systemd/system/vpc-cni-ipamd.service');
  expect(await guest.machine.property('RestartUSec')).toBe(pause);
}

export default async function run(guest: CaseGuest): Promise<void> {
  const next = carry(guest, buildVersion('9.1.0', { name: '9.1.0-unit', changes: [OTHER_UNIT] }), '9.1.0');
  await guest.pristine();
  await guest.install();
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  const before = guest.tree();
  const { steps } = await report(guest, next, 'install');
  const upgraded = guest.tree();
  await guest.install();
  const returned = guest.tree();
  const whole = steps.findIndex(({ name }) => name.startsWith('write-manifest')) + 1;
  await reset(guest);
  expect(diffFiles(before, guest.tree())).toEqual([]);
  const pods = await podState(guest, [a, b]);
  const pings = pingAll(guest, a, b);

  const argv = [...guest.machine.enterArgv('--pid', '--uts', '--ipc'), next, 'install'] as const;
  for (let after = 1; after <= steps.length; after += 1) {
    const killed = await killAfterStep(argv, after);
    expect({ after, kind: killed.kind }).toEqual({ after, kind: 'killed' });
    // Whichever version it is by now: pods are served.
    await guest.deletePod(await guest.addPod('new'));
    const goesOn = after % 2 === 1;
    await report(guest, goesOn ? next : CARRIED, 'install');
    // Once the new version is whole, the old one that comes back has it for its previous one.
    const [tree, linked] = goesOn ? [upgraded, UPGRADED] : after < whole ? [before, BEFORE] : [returned, RETURNED];
    expect({ after, left: diffFiles(tree, guest.tree()) }).toEqual({ after, left: [] });
    expect({ after, ...(await versions(guest)) }).toEqual({ after, ...linked });
    await expectRunsInstalled(guest);
    expect(await report(guest, goesOn ? next : CARRIED, 'install')).toMatchObject({ changed: false, changes: [] });
    await reset(guest);
  }
  guest.tell(`killed after each of ${steps.length} steps`);
  expect(await podState(guest, [a, b])).toBe(pods);
  await expectNoneLost(guest, pings);
  for (const pod of [a, b]) await guest.deletePod(pod);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
}
