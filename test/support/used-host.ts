import type { CaseGuest } from './case-guest.ts';

/** As Docker leaves a packet filter: nothing is forwarded but what it allows. */
const FILTERS = ['iptables-nft', 'iptables-legacy'].flatMap((program) => [
  `${program} -P FORWARD DROP`,
  `${program} -N DOCKER-USER`,
  `${program} -A DOCKER-USER -j RETURN`,
  `${program} -A FORWARD -j DOCKER-USER`,
  `${program} -A FORWARD -i docker0 -j ACCEPT`,
  `${program} -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE`,
]);

/** Other values than ours, of every sysctl we set. */
const SYSCTLS = [
  'net.ipv4.ip_forward=0',
  'net.ipv4.conf.eth0.rp_filter=1',
  'net.ipv4.tcp_early_demux=1',
  'net.ipv4.ip_local_reserved_ports=30000-30100',
];

/** Programs, texts and links of somebody else, where ours go. */
const FILES = [
  'mkdir -p /opt/cni/bin',
  'cp /bin/true /usr/bin/vpc-cni',
  'cp /bin/false /opt/cni/bin/aws-cni',
  'chmod 0700 /opt/cni/bin/aws-cni',
  'chown 7:7 /usr/bin/vpc-cni',
  'ln -s /bin/true /opt/cni/bin/egress-cni',
  'cp /bin/true /opt/cni/bin/loopback',
  'echo "# mine" >/etc/sysctl.d/90-vpc-cni.conf',
  'chmod 0600 /etc/sysctl.d/90-vpc-cni.conf',
];

const SETTINGS = '/etc/vpc-cni/conf.d/50-case.env';

/** Makes of a guest a host on which others work already, in the way of everything we change; that is its pristine state. */
export async function useHost(guest: CaseGuest): Promise<void> {
  const sysctls = SYSCTLS.map((line) => `sysctl -qw ${line}`);
  await guest.text('sh', '-ec', [...FILTERS, ...sysctls, ...FILES].join('\n'));
  await guest.machine.write(SETTINGS, 'DISABLE_TCP_EARLY_DEMUX=true\n');
  await guest.pristine();
}

/** What an installation on such a host must have changed: `changes` of its report. */
export const USED_HOST_CHANGES = [
  ...['iptables-nft FORWARD', 'iptables-legacy FORWARD'].map((target) => ({ kind: 'set-forward-policy', target })),
  ...SYSCTLS.map((line) => ({ kind: 'set-sysctl', target: line.replace(/=.*/, '') })),
  ...['/usr/bin/vpc-cni', '/opt/cni/bin/aws-cni', '/opt/cni/bin/egress-cni', '/etc/sysctl.d/90-vpc-cni.conf'].map(
    (target) => ({ kind: 'save-foreign', target }),
  ),
];
