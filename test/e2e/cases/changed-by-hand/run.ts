import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { diffFiles } from '../../../support/guest-files.ts';
import { CARRIED, UNIT } from '../../../support/systemd-guest.ts';

/** What a person does to an installation, and what `doctor` calls it. */
const CHANGES = [
  { path: `/etc/systemd/system/${UNIT}`, script: 'echo "# mine" >>"$0"', code: 'INSTALLED_CHANGED' },
  { path: '/etc/sysctl.d/90-vpc-cni.conf', script: 'chmod 0600 "$0"', code: 'INSTALLED_MODE' },
  { path: '/opt/vpc-cni/VERSION/plugins/loopback', script: 'cp /bin/true "$0"', code: 'INSTALLED_CHANGED' },
  { path: '/opt/vpc-cni/VERSION/plugins/portmap', script: 'chown 7:7 "$0"', code: 'INSTALLED_OWNER' },
  { path: '/opt/cni/bin/egress-cni', script: 'rm "$0"; echo mine >"$0"', code: 'INSTALLED_KIND' },
  { path: '/opt/cni/bin/host-local', script: 'ln -sf /bin/true "$0"', code: 'INSTALLED_TARGET' },
] as const;

interface Finding {
  readonly code: string;
  readonly evidence: string;
}

/** What `doctor` finds, and its exit code. */
async function doctor(guest: CaseGuest): Promise<{ readonly exitCode: number; readonly findings: readonly Finding[] }> {
  const { exitCode, stdout } = await guest.run([CARRIED, 'doctor', '--json']);
  return { exitCode, findings: JSON.parse(stdout).findings };
}

/** Foreign files are there first (`files/`); then people change what was installed. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.install();
  guest.expectTree();
  expect(await doctor(guest)).toEqual({ exitCode: 0, findings: [] });
  const version = await guest.text('readlink', '/opt/vpc-cni/current');
  const changes = CHANGES.map((change) => ({ ...change, path: change.path.replace('VERSION', version) }));

  const installed = guest.tree();
  for (const { path, script } of changes) await guest.text('sh', '-c', script, path);
  const changed = guest.tree();
  const expectFaults = async (): Promise<void> => {
    const { exitCode, findings } = await doctor(guest);
    expect(exitCode).toBe(3);
    for (const { path, code } of changes) {
      const about = findings.filter(({ evidence }) => evidence.includes(path)).map((finding) => finding.code);
      expect({ path, about }).toEqual({ path, about: expect.arrayContaining([code]) });
    }
  };
  await expectFaults();

  const { notes } = JSON.parse(await guest.text(CARRIED, 'install', '--json'));
  for (const { path } of changes) expect(notes).toContainEqual(expect.stringContaining(path));
  expect(diffFiles(changed, guest.tree())).toEqual([]);
  await expectFaults();

  await guest.install('--force');
  expect(diffFiles(installed, guest.tree())).toEqual([]);
  expect(await doctor(guest)).toEqual({ exitCode: 0, findings: [] });

  await guest.uninstall();
  expect(await guest.remains()).toEqual([]);
  expect(await guest.text('/opt/cni/bin/aws-cni')).toBe('the aws-cni of somebody else');
}
