import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemdGuest } from './systemd-guest.ts';

const FIXTURES = join(import.meta.dir, '../fixtures/cloud-init');
const ON_EC2 = '/usr/local/sbin/on-ec2';

/** Switches cloud-init on in a guest that is off, with EC2 as its data source. */
export async function cloudInitOn(guest: SystemdGuest): Promise<void> {
  await guest.outside('rm', 'ROOT/etc/cloud/cloud-init.disabled');
  guest.writeOutside('/etc/cloud/cloud.cfg.d/90-guest.cfg', readFileSync(join(FIXTURES, 'guest.cfg'), 'utf8'));
  // Clients look up names that do not exist to know whether their resolver lies; no resolver would answer here.
  guest.writeOutside('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n');
  guest.writeOutside(ON_EC2, readFileSync(join(FIXTURES, 'on-ec2.sh'), 'utf8'));
  // Only the stage that has a network looks for metadata: the one before would ask for a lease, and nobody gives any here.
  const run = `/usr/bin/unshare --mount --propagation private -- /bin/sh ${ON_EC2} /usr/bin/cloud-init init`;
  guest.writeOutside('/etc/systemd/system/cloud-init.service.d/ec2.conf', `[Service]\nExecStart=\nExecStart=${run}\n`);
}
