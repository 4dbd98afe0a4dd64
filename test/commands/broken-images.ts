import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PATHS } from '../../src/hostspec/index.ts';

/** One way to break a baked image, and all that `doctor --image` says of it. */
export interface Breakage {
  readonly name: string;
  readonly breaks: (at: (path: string) => string) => void;
  readonly code: 0 | 3;
  readonly said: readonly (string | RegExp)[];
}

/** Writes a file and its folder. */
export const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

const plugin = '/opt/vpc-cni/1.2.3/plugins/portmap';
/** Every way we know. */
export const BREAKAGES: readonly Breakage[] = [
  {
    name: 'a file that is gone',
    breaks: (at) => unlinkSync(at(PATHS.sysctlDropIn)),
    code: 3,
    said: ['fault INSTALLED_MISSING: the file /etc/sysctl.d/90-vpc-cni.conf is missing'],
  },
  {
    name: 'a link that is gone',
    breaks: (at) => unlinkSync(at(PATHS.command)),
    code: 3,
    said: ['fault INSTALLED_MISSING: the link /usr/bin/vpc-cni is missing'],
  },
  {
    name: 'a record that is damaged',
    breaks: (at) => writeFileSync(at(PATHS.record), '{"broken'),
    code: 3,
    said: [
      `fault RECORD_UNREADABLE: ${PATHS.record} is damaged: what this host must get back at uninstall cannot be read from it`,
    ],
  },
  {
    name: 'a unit changed by hand',
    breaks: (at) => appendFileSync(at(PATHS.unit), '# mine\n'),
    code: 3,
    said: [/^fault INSTALLED_CHANGED: \/etc\/systemd\/system\/vpc-cni-ipamd.service has sha256 [0-9a-f]{12}…, it was/],
  },
  {
    name: 'a plugin with other content',
    breaks: (at) => appendFileSync(at(plugin), '# rotten\n'),
    code: 3,
    said: [/^fault INSTALLED_CHANGED: \/opt\/vpc-cni\/1.2.3\/plugins\/portmap has sha256/],
  },
  {
    name: 'a plugin that cannot be executed',
    breaks: (at) => chmodSync(at(plugin), 0o644),
    code: 3,
    said: [`fault INSTALLED_MODE: ${plugin} has mode 0644, not 0755`],
  },
  {
    name: 'a plugin that is gone',
    breaks: (at) => unlinkSync(at(plugin)),
    code: 3,
    said: [`fault INSTALLED_MISSING: the file ${plugin} is missing`],
  },
  {
    name: 'an executable that others may write',
    breaks: (at) => chmodSync(at('/opt/vpc-cni/1.2.3/vpc-cni'), 0o777),
    code: 3,
    said: ['fault INSTALLED_MODE: /opt/vpc-cni/1.2.3/vpc-cni has mode 0777, not 0755'],
  },
  {
    name: 'a link that leads elsewhere',
    breaks: (at) => {
      unlinkSync(at('/opt/cni/bin/aws-cni'));
      symlinkSync('/bin/true', at('/opt/cni/bin/aws-cni'));
      put(at('/bin/true'), '');
      chmodSync(at('/bin/true'), 0o755);
    },
    code: 3,
    said: ['fault INSTALLED_TARGET: /opt/cni/bin/aws-cni leads to /bin/true, not to /opt/vpc-cni/current/vpc-cni'],
  },
  {
    name: 'a directory in the place of a file',
    breaks: (at) => {
      unlinkSync(at(PATHS.supportScript));
      mkdirSync(at(PATHS.supportScript));
    },
    code: 3,
    said: ['fault INSTALLED_KIND: /opt/cni/bin/aws-cni-support.sh is a directory, not a file'],
  },
  {
    name: 'a unit that is not enabled',
    breaks: (at) => unlinkSync(at(PATHS.unitEnabled)),
    code: 3,
    said: [`fault UNIT_NOT_ENABLED: ${PATHS.unitEnabled} is missing`],
  },
  {
    name: 'a unit that is masked',
    breaks: (at) => {
      unlinkSync(at(PATHS.unit));
      symlinkSync('/dev/null', at(PATHS.unit));
    },
    code: 3,
    said: [`fault UNIT_MASKED: ${PATHS.unit} is a link`],
  },
  {
    name: 'no manifest',
    breaks: (at) => unlinkSync(at('/opt/vpc-cni/1.2.3/manifest.json')),
    code: 3,
    said: ['fault MANIFEST_UNREADABLE: /opt/vpc-cni/1.2.3/manifest.json: it is missing'],
  },
  {
    name: 'nothing installed',
    breaks: (at) => rmSync(at('/opt'), { recursive: true }),
    code: 3,
    said: ['fault NOT_INSTALLED: /opt/vpc-cni/current does not exist'],
  },
  {
    name: 'a setting that is wrong',
    breaks: (at) => put(at('/etc/vpc-cni/conf.d/10-own.env'), 'WARM_IP_TARGET=many\n'),
    code: 3,
    said: [/^fault SETTINGS_INVALID: invalid configuration: WARM_IP_TARGET="many"/],
  },
  {
    name: "another CNI's conflist before ours",
    breaks: (at) => put(at('/etc/cni/net.d/05-calico.conflist'), '{"name":"k8s","plugins":[{"type":"calico"}]}'),
    code: 3,
    said: ['fault CONFLIST_RIVAL: /etc/cni/net.d/05-calico.conflist sorts before 10-aws.conflist'],
  },
  {
    name: "another CNI's conflist behind ours, one that calls ours, and files that are none",
    breaks: (at) => {
      put(at('/etc/cni/net.d/00-multus.conf'), '{"name":"multus","type":"multus"}');
      put(at('/etc/cni/net.d/05-half.conflist'), '{"name":');
      put(at('/etc/cni/net.d/87-podman.conflist'), '{}');
      put(at('/etc/cni/net.d/00-readme.txt'), '');
    },
    code: 0,
    said: [],
  },
  {
    name: 'a conflist in an image',
    breaks: (at) => put(at(PATHS.conflist), '{}'),
    code: 3,
    said: [/^fault CONFLIST_INVALID: /, `fault IMAGE_CONFLIST: ${PATHS.conflist} exists`],
  },
  {
    name: 'a networkd file that takes ours back',
    breaks: (at) => put(at('/etc/systemd/networkd.conf.d/95-site.conf'), '[Network]\nManageForeignRoutes = yes\n'),
    code: 3,
    said: [
      `fault DROPIN_OVERRIDDEN: /etc/systemd/networkd.conf.d/95-site.conf says [Network] ManageForeignRoutes=yes, after ${PATHS.networkdDropIn} says no`,
    ],
  },
  {
    name: 'no fault in a networkd file that comes earlier',
    breaks: (at) => put(at('/etc/systemd/networkd.conf.d/10-site.conf'), '[Network]\nManageForeignRoutes=yes\n'),
    code: 0,
    said: [],
  },
  {
    name: 'no fault in a networkd file whose place another one takes',
    breaks: (at) => {
      put(at('/usr/lib/systemd/networkd.conf.d/95-site.conf'), '[Network]\nManageForeignRoutes=yes\n');
      put(
        at('/etc/systemd/networkd.conf.d/95-site.conf'),
        '[DHCPv4]\nManageForeignRoutes=yes\n# ManageForeignRoutes=yes\n',
      );
    },
    code: 0,
    said: [],
  },
  {
    name: 'no fault in a networkd file that says the same in another word',
    breaks: (at) => put(at('/etc/systemd/networkd.conf.d/95-site.conf'), '[Network]\nManageForeignRoutes=False\n'),
    code: 0,
    said: [],
  },
  {
    name: 'no fault in a networkd file that a later one corrects',
    breaks: (at) => {
      put(at('/etc/systemd/networkd.conf.d/95-site.conf'), '[Network]\nManageForeignRoutes=yes\n');
      put(at('/etc/systemd/networkd.conf.d/96-site.conf'), '[Network]\nManageForeignRoutes=no\n');
    },
    code: 0,
    said: [],
  },
  {
    name: 'a link file that gives host ends another MAC',
    breaks: (at) =>
      put(at('/usr/lib/systemd/network/99-default.link.d/99-site.conf'), '[Link]\nMACAddressPolicy=persistent\n'),
    code: 3,
    said: [/^fault DROPIN_OVERRIDDEN: .*99-site.conf says \[Link\] MACAddressPolicy=persistent, after .* says none$/],
  },
  {
    name: 'a sysctl file that switches forwarding off',
    breaks: (at) => put(at('/etc/sysctl.d/99-hardening.conf'), '-net/ipv4/ip_forward = 0\n'),
    code: 0,
    said: [
      `warning SYSCTL_OVERRIDDEN: /etc/sysctl.d/99-hardening.conf says net.ipv4.ip_forward=0, after ${PATHS.sysctlDropIn} says 1`,
    ],
  },
  {
    name: 'state of a boot',
    breaks: (at) => put(at(PATHS.bootId), 'boot-1\n'),
    code: 3,
    said: ['fault IMAGE_RUN_STATE: /run/vpc-cni exists'],
  },
  {
    name: "a file about one of the builder's interfaces",
    breaks: (at) => put(at('/etc/systemd/network/05-vpc-cni-0a1b2c3d4e5f.network'), ''),
    code: 3,
    said: ['fault IMAGE_ENI_FILE: /etc/systemd/network/05-vpc-cni-0a1b2c3d4e5f.network exists'],
  },
  {
    name: 'results of pods of the builder',
    breaks: (at) => put(at('/var/lib/cni/results/aws-cni-1-eth0'), ''),
    code: 0,
    said: ['warning IMAGE_CNI_CACHE: /var/lib/cni/results holds 1 files'],
  },
  {
    name: 'a missing machine id',
    breaks: (at) => unlinkSync(at('/etc/machine-id')),
    code: 0,
    said: ['warning IMAGE_FIRST_BOOT: /etc/machine-id is missing'],
  },
  {
    name: 'a machine id for a first boot',
    breaks: (at) => put(at('/etc/machine-id'), 'uninitialized\n'),
    code: 0,
    said: ['warning IMAGE_FIRST_BOOT: /etc/machine-id says uninitialized'],
  },
  {
    name: 'the machine id of the builder',
    breaks: (at) => put(at('/etc/machine-id'), '0123456789abcdef0123456789abcdef\n'),
    code: 0,
    said: ['note IMAGE_MACHINE_ID: /etc/machine-id holds the id of the builder'],
  },
];
