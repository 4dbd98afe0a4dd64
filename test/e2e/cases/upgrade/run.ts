import { expect } from 'bun:test';
import { version as VERSION } from '../../../../package.json';
import type { CaseGuest } from '../../../support/case-guest.ts';
import {
  carry,
  expectNoneLost,
  INTERNET,
  pingAll,
  podState,
  report,
  startChurn,
  versions,
  watchSocket,
} from '../../../support/case-versions.ts';
import { callPlugin, makeSandbox, removeSandbox } from '../../../support/e2e-cni.ts';
import { buildVersion } from '../../../support/versions.ts';

const REBUILT = { file: 'src/ipamd/run.ts', from: "'serving', {", to: "'serving', {\n      rebuilt: true," };

/** ADD and DEL by an executable, whichever daemon answers it. */
async function expectServed(guest: CaseGuest, executable: string): Promise<void> {
  const sandbox = await makeSandbox(guest, 'skew');
  const added = await callPlugin(guest, 'ADD', sandbox, { executable });
  const deleted = await callPlugin(guest, 'DEL', sandbox, { executable });
  expect([added.exitCode, deleted]).toEqual([0, { exitCode: 0, document: '' }]);
  await removeSandbox(guest, sandbox);
}

export default async function run(guest: CaseGuest): Promise<void> {
  const next = carry(guest, buildVersion('9.1.0'), '9.1.0');
  const rebuilt = carry(guest, buildVersion('9.1.0', { name: '9.1.0-rebuilt', changes: [REBUILT] }), '9.1.0-rebuilt');
  await guest.pristine();
  await guest.install();
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  const before = await podState(guest, [a, b]);
  // While links are switched, a runtime may call the plugin of one version and reach the daemon of the other.
  await expectServed(guest, next);

  const pings = pingAll(guest, a, b);
  const churn = startChurn(guest);
  const watch = watchSocket(guest);
  const { ms } = await report(guest, next, 'install');
  const gap = await watch.end();
  const { added, failed, slowestMs } = await churn.end();
  expect(failed).toEqual([]);
  expect(added).toBeGreaterThan(5);
  guest.tell(
    `upgrade ${ms} ms, ${gap} ms without an answer on the socket; ${added} ADDs, slowest call ${slowestMs} ms`,
  );
  expect(await versions(guest)).toEqual({ current: '9.1.0', previous: VERSION, serves: '9.1.0' });
  expect(await podState(guest, [a, b])).toBe(before);
  guest.expectTree();
  await expectServed(guest, `/opt/vpc-cni/${VERSION}/vpc-cni`);
  expect(await report(guest, next, 'install')).toMatchObject({ changed: false, changes: [] });

  // Another build under the same number: the one before is kept beside, the first version is not needed any more.
  await report(guest, rebuilt, 'install');
  const after = await versions(guest);
  expect(after).toEqual({
    current: '9.1.0',
    previous: expect.stringMatching(/^9\.1\.0\+[0-9a-f]{12}$/),
    serves: '9.1.0',
  });
  expect((await guest.text('ls', '/opt/vpc-cni')).split('\n')).toEqual([
    '9.1.0',
    `${after.previous}`,
    'current',
    'host.json',
    'previous',
  ]);
  expect(await report(guest, rebuilt, 'install')).toMatchObject({ changed: false, changes: [] });
  await guest.text('vpc-cni', 'rollback');
  expect(await guest.text('sha256sum', '/opt/vpc-cni/current/vpc-cni')).toStartWith(
    (await guest.text('sha256sum', next)).slice(0, 64),
  );
  expect(await guest.unreached(a, b.address, INTERNET)).toEqual([]);
  await expectNoneLost(guest, pings);

  for (const pod of [a, b]) await guest.deletePod(pod);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
}
