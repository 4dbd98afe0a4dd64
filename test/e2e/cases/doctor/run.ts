import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';
import { UNIT } from '../../../support/systemd-guest.ts';

const CHECK_IMAGE = join(import.meta.dir, '../../../../ami/check-image.sh');
const CONFLIST = '/etc/cni/net.d/10-aws.conflist';

/** Something that goes wrong on a node: how, what doctor must say of it, and how it is mended. */
interface Trouble {
  readonly breaks: string;
  readonly said: readonly string[];
  readonly mends: string;
}

const TROUBLES: readonly Trouble[] = [
  {
    breaks: 'iptables-nft -P FORWARD DROP',
    said: ['fault FORWARD_DROPPED: the policy of iptables-nft FORWARD is DROP'],
    mends: 'iptables-nft -P FORWARD ACCEPT',
  },
  {
    breaks: `echo '{"name":"k8s","plugins":[{"type":"calico"}]}' > /etc/cni/net.d/05-other.conflist`,
    said: ['fault CONFLIST_RIVAL: /etc/cni/net.d/05-other.conflist sorts before 10-aws.conflist'],
    mends: 'rm /etc/cni/net.d/05-other.conflist',
  },
  {
    breaks: `cp ${CONFLIST} /root/kept; echo '{"plugins' > ${CONFLIST}`,
    said: [`fault CONFLIST_INVALID: ${CONFLIST} is not a valid network configuration: it is not JSON`],
    mends: `mv /root/kept ${CONFLIST}`,
  },
  {
    breaks: String.raw`printf '[Network]\nManageForeignRoutes=yes\n' > /etc/systemd/networkd.conf.d/95-site.conf`,
    said: [
      'fault DROPIN_OVERRIDDEN: /etc/systemd/networkd.conf.d/95-site.conf says [Network] ManageForeignRoutes=yes, after /etc/systemd/networkd.conf.d/90-vpc-cni.conf says no',
    ],
    mends: 'rm /etc/systemd/networkd.conf.d/95-site.conf',
  },
  {
    breaks: 'chmod 600 /opt/vpc-cni/current/plugins/loopback',
    said: [
      expect.stringMatching(/^fault INSTALLED_MODE: \/opt\/vpc-cni\/.*\/plugins\/loopback has mode 0600, not 0755$/),
    ],
    mends: 'chmod 755 /opt/vpc-cni/current/plugins/loopback',
  },
  {
    breaks: 'echo WARM_IP_TARGET=many > /etc/vpc-cni/conf.d/50-own.env',
    said: [expect.stringMatching(/^fault SETTINGS_INVALID: .*WARM_IP_TARGET="many"/)],
    mends: 'rm /etc/vpc-cni/conf.d/50-own.env',
  },
  {
    breaks: `systemctl --quiet disable ${UNIT}`,
    said: [`fault UNIT_NOT_ENABLED: /etc/systemd/system/multi-user.target.wants/${UNIT} is missing`],
    mends: 'vpc-cni doctor --fix',
  },
  {
    breaks: 'mv /run/vpc-cni/boot-id /run/kept',
    said: [
      expect.stringMatching(new RegExp(`^fault CONFLIST_STALE: ${CONFLIST}: `)),
      expect.stringMatching(/^fault BOOT_STAGE_NOT_RUN: \/run\/vpc-cni\/boot-id does not name the boot /),
    ],
    mends: 'mv /run/kept /run/vpc-cni/boot-id',
  },
  {
    // The daemon puts them back as soon as they change.
    breaks: `systemctl stop ${UNIT}; sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.eth0.rp_filter=1`,
    said: [
      'fault SYSCTL_WRONG: net.ipv4.ip_forward is 0, not 1',
      'fault SYSCTL_WRONG: net.ipv4.conf.eth0.rp_filter is 1, not 2',
      expect.stringMatching(/^fault DAEMON_DOWN: /),
    ],
    mends: `systemctl start ${UNIT}`,
  },
  {
    breaks: `systemctl stop ${UNIT}`,
    said: [expect.stringMatching(new RegExp(`^fault DAEMON_DOWN: ipamd .*; ${UNIT} is inactive \\(dead\\)$`))],
    mends: `systemctl start ${UNIT}`,
  },
];

interface Document {
  readonly ok: boolean;
  readonly findings: readonly { readonly severity: string; readonly code: string; readonly evidence: string }[];
}

async function doctor(guest: CaseGuest, ...words: readonly string[]) {
  const { exitCode, stdout } = await guest.run(['vpc-cni', 'doctor', '--json', ...words]);
  const { ok, findings }: Document = JSON.parse(stdout);
  return { exitCode, ok, said: findings.map(({ severity, code, evidence }) => `${severity} ${code}: ${evidence}`) };
}

export default async function run(guest: CaseGuest): Promise<void> {
  const bare = await guest.failure('doctor');
  expect([bare.exitCode, bare.ok]).toEqual([3, false]);

  await guest.install('--stage=image');
  await guest.machine.write('/root/check-image.sh', readFileSync(CHECK_IMAGE, 'utf8'));
  const checked = await guest.run(['sh', '/root/check-image.sh']);
  expect([checked.exitCode, checked.stdout.split('\n').filter((line) => !line.startsWith('ok '))]).toEqual([
    0,
    ['this image is fit to be launched', ''],
  ]);

  await guest.install();
  expect(await doctor(guest)).toEqual({ exitCode: 0, ok: true, said: [] });
  for (const { breaks, said, mends } of TROUBLES) {
    await guest.text('sh', '-c', breaks);
    expect({ breaks, ...(await doctor(guest)) }).toEqual({ breaks, exitCode: 3, ok: false, said: [...said] });
    await guest.text('sh', '-c', mends);
  }
  await until('doctor to find nothing', async () => ((await doctor(guest)).ok ? true : undefined));
  expect(await doctor(guest)).toEqual({ exitCode: 0, ok: true, said: [] });

  // A node that runs is no image.
  const { exitCode, said } = await doctor(guest, '--image');
  expect([exitCode, said]).toEqual([
    3,
    expect.arrayContaining([`fault IMAGE_CONFLIST: ${CONFLIST} exists`, `fault IMAGE_UNIT_STARTED: ${UNIT} is active`]),
  ]);
  const refused = await guest.run(['sh', '/root/check-image.sh']);
  expect([refused.exitCode, refused.stdout]).toEqual([1, expect.stringContaining('this image must not be launched')]);
  await guest.text('rm', '/root/check-image.sh');

  // From nobody: what needs root is skipped and said, nothing is a fault that is none.
  const unprivileged = await guest.run(['setpriv', '--reuid=65534', '--clear-groups', 'vpc-cni', 'doctor']);
  expect([unprivileged.exitCode, unprivileged.stdout]).toEqual([0, expect.stringContaining('note CHECK_SKIPPED: ')]);
}
