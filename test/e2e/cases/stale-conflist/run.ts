import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';

const CONFLIST = '/etc/cni/net.d/10-aws.conflist';
const CACHE = '/var/lib/cni/results';
const SETTINGS = '/etc/vpc-cni/conf.d/50-case.env';

/** What a container runtime has written of the results of pods; the second one was cut short by a crash. */
async function fillCache(guest: CaseGuest): Promise<void> {
  const result = { kind: 'cniCacheV1', containerId: 'c1', ifName: 'eth0', networkName: 'aws-cni', result: {} };
  await guest.machine.write(`${CACHE}/aws-cni-c1-eth0`, JSON.stringify(result));
  await guest.machine.write(`${CACHE}/aws-cni-c2-eth0`, '');
}

/** A guest starts in the middle of a boot of this machine's kernel; what it finds of its own last one must be older. */
async function ageCache(guest: CaseGuest): Promise<void> {
  await guest.text('touch', '--date=2020-01-01', `${CACHE}/aws-cni-c1-eth0`, `${CACHE}/aws-cni-c2-eth0`);
}

const cached = async (guest: CaseGuest): Promise<string> => guest.text('ls', CACHE);
const inodeOf = async (guest: CaseGuest): Promise<string> => guest.text('stat', '-c', '%i', CONFLIST);

/** Boots, and proves that whoever looked saw nothing or what this boot has published. */
async function expectFresh(guest: CaseGuest, boot: () => Promise<void>): Promise<void> {
  await fillCache(guest);
  await ageCache(guest);
  // Not the inode the next one gets: it stays taken.
  await guest.text('ln', '-f', CONFLIST, '/var/tmp/leftover');
  await boot();
  await guest.machine.untilProperty('ActiveState', 'active');
  const fresh = await inodeOf(guest);
  const saw = await until('the kubelet to look', async () => {
    const { stdout } = await guest.run(['cat', '/run/kubelet-saw']);
    return stdout.includes(fresh) ? stdout : undefined;
  });
  expect(
    saw
      .trim()
      .split('\n')
      .filter((line) => line !== 'none'),
  ).toEqual([fresh]);
  expect(await cached(guest)).toBe('');
}

/** Reboot, power cut, power cut while metadata is silent, and while a setting is wrong. */
export default async function run(guest: CaseGuest): Promise<void> {
  const { machine, vpc } = guest;
  await guest.install();
  await guest.text('systemctl', 'enable', '--quiet', 'kubelet');
  await expectFresh(guest, () => machine.reboot());
  await expectFresh(guest, async () => {
    await machine.cutPower();
    await machine.boot();
  });

  // Within a boot the cache is that of living pods.
  await fillCache(guest);
  await guest.text('systemctl', 'restart', 'vpc-cni-ipamd.service');
  expect(await cached(guest)).toBe('aws-cni-c1-eth0\naws-cni-c2-eth0');

  await expectFresh(guest, async () => {
    await machine.cutPower();
    await vpc.dial('IMDS', '--error', '503');
    await machine.switchOn();
    await until('the conflist to be withdrawn', async () => ((await machine.has(CONFLIST)) ? undefined : true));
    expect(await machine.property('ActiveState')).toBe('activating');
    await vpc.clearDials();
  });

  await fillCache(guest);
  await ageCache(guest);
  await machine.write(SETTINGS, 'WARM_IP_TARGET=many\n');
  await machine.cutPower();
  await machine.boot();
  await machine.untilProperty('ActiveState', 'failed');
  expect([await machine.has(CONFLIST), await cached(guest)]).toEqual([false, '']);
  await guest.text('rm', SETTINGS);
  await guest.install();
  expect(await machine.has(CONFLIST)).toBe(true);
  await guest.text('rm', '/var/tmp/leftover');
  await guest.uninstall();
  await guest.text('systemctl', 'disable', '--quiet', '--now', 'kubelet');
  await guest.text('rm', '-r', '/var/lib/cni', '/run/kubelet-saw');
  expect(await guest.remains()).toEqual([]);
}
