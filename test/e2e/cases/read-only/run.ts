import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { CARRIED } from '../../../support/systemd-guest.ts';

const MOUNT = '/etc/systemd/system/opt.mount';
const PLACES = ['/opt', '/usr/bin', '/etc/systemd/system'] as const;

/** Makes a folder read-only for what runs in the guest. */
async function freeze(guest: CaseGuest, path: string): Promise<void> {
  await guest.text('mount', '--bind', path, path);
  await guest.text('mount', '-o', 'remount,bind,ro', path);
}

/** Each place in turn on a bare host; an installed one whose /opt cannot be written any more; an image that never could. */
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

  await expectBootsReadOnly(guest);
}

/** An image whose /opt can only be read from its first boot on: the node is ready, and what uninstall cannot know is told. */
async function expectBootsReadOnly(guest: CaseGuest): Promise<void> {
  await guest.install('--stage', 'image');
  const mount = 'What=/opt\nWhere=/opt\nType=none\nOptions=bind,ro\n';
  await guest.machine.write(MOUNT, `[Mount]\n${mount}[Install]\nWantedBy=local-fs.target\n`);
  await guest.text('systemctl', '--quiet', 'enable', 'opt.mount');
  const baked = guest.tree().get('/opt/vpc-cni/host.json');
  await guest.machine.reboot();
  expect((await guest.run(['touch', '/opt/vpc-cni/host.json'])).stderr).toContain('Read-only file system');
  await guest.machine.untilProperty('ActiveState', 'active');
  await guest.deletePod(await guest.addPod('b'));
  expect((await guest.machine.journal()).join('\n')).toContain(
    'note: /opt/vpc-cni/host.json can only be read: uninstall will not give back what this boot changes',
  );
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
  expect(guest.tree().get('/opt/vpc-cni/host.json')).toEqual(baked);

  await guest.text('systemctl', '--quiet', 'disable', 'opt.mount');
  await guest.text('umount', '--lazy', '/opt');
  await guest.text('rm', MOUNT);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([
    '- net/ipv4/conf/eth0/rp_filter:1',
    '- net/ipv4/ip_local_reserved_ports:',
    '+ net/ipv4/conf/eth0/rp_filter:2',
    '+ net/ipv4/ip_local_reserved_ports:61678-61679',
  ]);
}
