import { expect } from 'bun:test';
import type { StatusDocument } from '../../../../src/cniproto/index.ts';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';
import { UNIT } from '../../../support/systemd-guest.ts';

const SECRET = 'Sw0rdf1sh';
const BROKEN = '/etc/vpc-cni/conf.d/60-broken.env';

async function targets(guest: CaseGuest): Promise<StatusDocument['targets'] | undefined> {
  const { stdout } = await guest.cli('status', '--json');
  const { daemon }: { readonly daemon: StatusDocument | null } = JSON.parse(stdout);
  return daemon?.targets;
}

async function expectSettings(guest: CaseGuest): Promise<void> {
  expect(await targets(guest)).toMatchObject({ warmIp: 2, minimumIp: 3, maxEnis: 2 });
  const shown = (await guest.text('vpc-cni', 'config', 'show')).split('\n').map((line) => line.replace(/ +/g, ' '));
  const expected = [
    'WARM_IP_TARGET 2 EC2 user data',
    'MINIMUM_IP_TARGET 3 EC2 user data',
    'IP_COOLDOWN_PERIOD 1 /etc/vpc-cni/vpc-cni.env:3',
    'AWS_SECRET_ACCESS_KEY (hidden) EC2 user data',
  ];
  expect(shown).toEqual(expect.arrayContaining(expected));
}

export default async function run(guest: CaseGuest): Promise<void> {
  await guest.install();
  await expectSettings(guest);
  const calls = await guest.vpc.json<readonly { readonly caller: string }[]>(
    'calls',
    '--action',
    'DescribeNetworkInterfaces',
  );
  expect(new Set(calls.map(({ caller }) => caller))).toEqual(new Set(['AKIAOFUSERDATA']));

  // A mistake stops a start, is told with its line, and is not tried again; pods stay as they are.
  const pod = await guest.addPod('a');
  await guest.machine.write(BROKEN, `WARM_IP_TARGET=many\nAWS_SESSION_TOKEN='${SECRET}\n`);
  expect((await guest.run(['systemctl', 'restart', UNIT])).exitCode).not.toBe(0);
  const journal = (await guest.machine.journal()).join('\n');
  expect(journal).toContain(`WARM_IP_TARGET="many" (${BROKEN}:1) is not an integer`);
  expect(journal).toContain(`AWS_SESSION_TOKEN (${BROKEN}:2) opens a quote ' and never closes it`);
  expect(await guest.machine.property('NRestarts')).toBe('0');
  await guest.text('rm', BROKEN);
  await guest.text('systemctl', 'restart', UNIT);
  expect(await guest.unreached(pod, '198.51.100.1')).toEqual([]);

  await guest.machine.reboot();
  await until('the daemon to serve after a reboot', async () => await targets(guest));
  await expectSettings(guest);

  expect(await guest.text('journalctl', '--no-pager', '--all', '--output=json')).not.toContain(SECRET);
  expect(await guest.text('systemctl', 'show', '--all', UNIT)).not.toContain(SECRET);
  // What people wrote, and the file that only root reads.
  const { stdout: found } = await guest.run([
    'grep',
    '-rlFs',
    SECRET,
    '/etc',
    '/opt/vpc-cni',
    '/run',
    '/var/log',
    '/var/lib/vpc-cni',
  ]);
  expect(found.trim().split('\n').sort()).toEqual(['/etc/default/vpc-cni-ipamd', '/run/vpc-cni/user-data.env']);
  expect(await guest.text('stat', '-c', '%a %u:%g', '/run/vpc-cni/user-data.env')).toBe('600 0:0');
}
