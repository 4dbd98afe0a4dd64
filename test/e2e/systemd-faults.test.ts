import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { until } from '../support/e2e.ts';
import { CARRIED, SystemdGuest, UNIT } from '../support/systemd-guest.ts';

setDefaultTimeout(300_000);

const CONFLIST = '/etc/cni/net.d/10-aws.conflist';
const DROP_IN = `/etc/systemd/system/${UNIT}.d/50-test.conf`;
const SETTINGS = '/etc/vpc-cni/conf.d/50-test.env';

let guest: SystemdGuest;

beforeAll(async () => {
  guest = await SystemdGuest.start('sf');
});
afterEach(async () => {
  await guest.vpc.clearDials();
  await guest.run(['rm', '-f', DROP_IN, SETTINGS]);
});
afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
});

/** Waits until systemd shows the daemon's own reason. */
async function untilStatusText(wanted: RegExp): Promise<void> {
  let last = '';
  await until(
    `a status text like ${wanted}`,
    async () => {
      last = await guest.property('StatusText');
      return wanted.test(last) ? true : undefined;
    },
    { last: () => last },
  );
}

test('while EC2 refuses addresses the unit is not ready, there is no conflist, and both say why', async () => {
  await guest.vpc.dial('AssignPrivateIpAddresses', '--error=InternalError');
  await guest.vpc.dial('CreateNetworkInterface', '--error=InternalError');
  const installing = guest.run([CARRIED, 'install', '--json']);
  await until('the unit to exist', async () => ((await guest.property('LoadState')) === 'loaded' ? true : undefined));
  await untilStatusText(/AssignPrivateIpAddresses/);
  expect([await guest.property('ActiveState'), await guest.has(CONFLIST)]).toEqual(['activating', false]);
  await guest.vpc.clearDials();
  expect(await installing).toMatchObject({ exitCode: 0 });
  expect([await guest.property('ActiveState'), await guest.has(CONFLIST)]).toEqual(['active', true]);
});

test('a wrong setting in a file stops install with exit code 2 and the reason', async () => {
  await guest.write(SETTINGS, 'WARM_IP_TARGET=many\n');
  const { exitCode, stderr } = await guest.run([CARRIED, 'install']);
  expect({ exitCode, said: /CONFIG_INVALID.*WARM_IP_TARGET/s.test(stderr) }).toEqual({ exitCode: 2, said: true });
  expect(await guest.property('ActiveState')).toBe('active');
});

test('a wrong setting of the unit alone makes it fail once, and install prints its reason', async () => {
  await guest.write(DROP_IN, '[Service]\nEnvironment=WARM_IP_TARGET=many\n');
  await guest.text('systemctl', 'daemon-reload');
  await guest.text('systemctl', 'stop', UNIT);
  const { exitCode, stderr } = await guest.run([CARRIED, 'install']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/IPAMD_NOT_READY.*WARM_IP_TARGET/s),
  });
  expect([await guest.property('ActiveState'), await guest.property('NRestarts')]).toEqual(['failed', '0']);
  await guest.text('rm', DROP_IN);
  await guest.text('systemctl', 'daemon-reload');
  await guest.report('install');
  expect(await guest.property('ActiveState')).toBe('active');
});
