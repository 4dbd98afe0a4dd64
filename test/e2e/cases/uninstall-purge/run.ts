import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';

/** What EC2 knows of the guest's ENIs and of those nobody uses. */
async function enisOf(guest: CaseGuest): Promise<object> {
  const { nodes, availableEnis } = await guest.vpc.status();
  const own = nodes.find(({ name }) => name === 'node-a')?.enis ?? [];
  return { own: own.map(({ state, addresses }) => ({ state, addresses: addresses.length })), free: availableEnis };
}

/** Grows to a second ENI, which takes more than the six addresses the first one holds. */
export default async function run(guest: CaseGuest): Promise<void> {
  const before = await enisOf(guest);
  await guest.machine.write('/etc/vpc-cni/conf.d/50-case.env', 'WARM_IP_TARGET=8\n');
  await guest.pristine();
  await guest.install();
  await until('a second ENI', async () => {
    const status = JSON.parse(await guest.text('vpc-cni', 'status', '--json'));
    return status.daemon.enis.length === 2 && status.daemon.pool.pending === 0 ? true : undefined;
  });
  const pod = await guest.addPod('a');
  await guest.deletePod(pod);
  const report = await guest.uninstall('--purge');
  expect(report.changes.map(({ kind }) => kind)).toContain('return-to-ec2');
  expect(await enisOf(guest)).toEqual(before);
  expect(await guest.remains()).toEqual([]);
}
