import { expect } from 'bun:test';
import type { CaseGuest } from './case-guest.ts';
import { until } from './e2e.ts';
import { UNIT } from './systemd-guest.ts';

/** What the templates ask for, and the target a daemon makes of it. */
const TARGETS = { warmIp: 5, minimumIp: 10 } as const;

/** Switches a guest on for the first time, with cloud-init, and waits until that has done all of its work without a fault. */
export async function bootWithCloudInit(guest: CaseGuest): Promise<void> {
  await guest.machine.boot();
  const { exitCode, stdout } = await guest.run(['cloud-init', 'status', '--wait', '--long']);
  if (exitCode === 0 && stdout.includes('DataSourceEc2')) return;
  const { stdout: said } = await guest.run(['grep', '-v', '^ci-info', '/var/log/cloud-init-output.log']);
  throw new Error(`cloud-init failed: ${stdout}${said}`);
}

/** The settings of the user data, where they came from, and a daemon that started once and goes by them. */
export async function expectSettings(guest: CaseGuest, origin: string): Promise<void> {
  const { settings } = JSON.parse(await guest.text('vpc-cni', 'config', 'show', '--json'));
  for (const [key, value] of [
    ['CLUSTER_NAME', 'my-cluster'],
    ['WARM_IP_TARGET', '5'],
    ['MINIMUM_IP_TARGET', '10'],
  ])
    expect(settings).toContainEqual(expect.objectContaining({ key, value, origin: expect.stringContaining(origin) }));
  // As many addresses as were asked for are more than one interface holds.
  const { ready, daemon } = await until('the second ENI to be there', async () => {
    const status = JSON.parse(await guest.text('vpc-cni', 'status', '--json'));
    return status.daemon.pool.free >= TARGETS.minimumIp ? status : undefined;
  });
  expect({ ready, targets: daemon.targets }).toMatchObject({ ready: true, targets: TARGETS });
  const started = await guest.text('journalctl', '--boot', `--unit=${UNIT}`, '--grep=^Started ', '--output=cat');
  expect(started.split('\n')).toHaveLength(1);
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
}
