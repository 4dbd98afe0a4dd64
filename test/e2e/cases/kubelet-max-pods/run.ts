import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';

const FILE = '/etc/eks/nodeadm.d/50-vpc-cni.yaml';

/** What nodeadm reads; it notes what is there when it is started. */
const NODEADM = `[Service]
Type=oneshot
ExecStart=/bin/cp ${FILE} /run/nodeadm-saw

[Install]
WantedBy=multi-user.target
`;

export default async function run(guest: CaseGuest): Promise<void> {
  const report = await guest.install();
  expect(report.changes).toContainEqual({ kind: 'write-file', target: FILE });
  // An m5.large: three ENIs with nine addresses each, and two pods on the host's network.
  expect(Bun.YAML.parse(await guest.text('cat', FILE))).toEqual({
    apiVersion: 'node.eks.aws/v1alpha1',
    kind: 'NodeConfig',
    spec: { kubelet: { maxPodsExpression: '29', config: { maxPods: 29 } } },
  });
  expect(await guest.text('vpc-cni', 'config', 'show')).toMatch(/^KUBELET_MAX_PODS +nodeadm +EC2 user data/m);
  expect((await guest.install()).changes).toEqual([]);
  expect((await guest.run(['vpc-cni', 'doctor'])).stdout).toBe('No fault found.\n');

  // Each boot writes it anew, and nodeadm finds it.
  await guest.machine.write('/etc/systemd/system/nodeadm-run.service', NODEADM);
  await guest.text('systemctl', '--quiet', 'enable', 'nodeadm-run.service');
  await guest.text('rm', FILE);
  await guest.machine.reboot();
  await guest.untilFile('/run/nodeadm-saw');
  expect(await guest.text('cat', '/run/nodeadm-saw')).toContain('maxPods: 29');

  await guest.text('systemctl', '--quiet', 'disable', 'nodeadm-run.service');
  await guest.text('rm', '/etc/systemd/system/nodeadm-run.service');
  await guest.text('rm', '/run/nodeadm-saw');
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
}
