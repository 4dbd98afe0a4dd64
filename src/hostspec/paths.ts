/** The network configuration the container runtime looks for. */
export const CONFLIST_PATH = '/etc/cni/net.d/10-aws.conflist';

/** The daemon's unit. */
export const UNIT_NAME = 'vpc-cni-ipamd.service';

const HOME = '/opt/vpc-cni';
const RUN = '/run/vpc-cni';
const SETTINGS = '/etc/vpc-cni';

/** Every path of the host that this product reads or writes; no other file spells one. */
export const PATHS = {
  home: HOME,
  current: `${HOME}/current`,
  /** The version before; `rollback` goes back to it. */
  previous: `${HOME}/previous`,
  executable: `${HOME}/current/vpc-cni`,
  currentPlugins: `${HOME}/current/plugins`,
  /** What must be given back at uninstall: created directories, saved foreign files, sysctls as they were. */
  record: `${HOME}/host.json`,
  saved: `${HOME}/saved`,
  command: '/usr/bin/vpc-cni',
  cniBin: '/opt/cni/bin',
  supportScript: '/opt/cni/bin/aws-cni-support.sh',
  conflistDirectory: '/etc/cni/net.d',
  conflist: CONFLIST_PATH,
  settingsDirectory: SETTINGS,
  envFile: `${SETTINGS}/vpc-cni.env`,
  envDirectory: `${SETTINGS}/conf.d`,
  unit: `/etc/systemd/system/${UNIT_NAME}`,
  unitEnabled: `/etc/systemd/system/multi-user.target.wants/${UNIT_NAME}`,
  sysctlDropIn: '/etc/sysctl.d/90-vpc-cni.conf',
  modulesDropIn: '/etc/modules-load.d/90-vpc-cni.conf',
  /** Environment of the daemon's process, such as proxies; settings have their own files. */
  processEnvironment: '/etc/default/vpc-cni-ipamd',
  networkdDropIn: '/etc/systemd/networkd.conf.d/90-vpc-cni.conf',
  networkDirectory: '/etc/systemd/network',
  podsNetwork: '/etc/systemd/network/05-vpc-cni-pods.network',
  linkDropIn: '/etc/systemd/network/99-default.link.d/90-vpc-cni.conf',
  networkManagerDirectory: '/etc/NetworkManager/conf.d',
  networkManagerDropIn: '/etc/NetworkManager/conf.d/90-vpc-cni-pods.conf',
  networkManager: '/usr/sbin/NetworkManager',
  policyRoutesRules: '/etc/udev/rules.d/99-vpc-policy-routes.rules',
  cloudInitDropIn: '/etc/cloud/cloud.cfg.d/99-vpc-cni.cfg',
  /** Where the EKS images' kubelet looks for drop-ins (--config-dir), and nodeadm for more of its configuration. */
  kubeletDropIn: '/etc/kubernetes/kubelet/config.json.d/50-vpc-cni.conf',
  nodeadmDropIn: '/etc/eks/nodeadm.d/50-vpc-cni.yaml',
  kubeletEnv: `${RUN}/kubelet.env`,
  run: RUN,
  socket: `${RUN}/cni.sock`,
  bootId: `${RUN}/boot-id`,
  checkpoint: `${RUN}/ipam.json`,
  /** Written by adopt: in this boot the node was aws-node's, whose rules and host ends become ours. */
  takenOver: `${RUN}/taken-over`,
  spool: `${RUN}/spool`,
  /** Addresses of the second family, one file each. */
  egress: `${RUN}/egress`,
  /** While it is there the node takes no pods: the pool neither grows nor frees ENIs. */
  unschedulable: `${RUN}/unschedulable`,
  supervisor: `${RUN}/supervisor.json`,
  supervisorLog: `${RUN}/ipamd.log`,
  /** What it was before it became too long. */
  supervisorLogBefore: `${RUN}/ipamd.before.log`,
  /** Nobody but root can open it: whoever can, can lock it, and the boot stage would wait for him. */
  lockedDirectory: '/root',
  runLockDirectory: '/etc',
  /** Made by the unit for the plugin's log; the name is upstream's, so there may be more in it than ours. */
  logs: '/var/log/aws-routed-eni',
  /** Where container runtimes note what plugins answered; it survives a reboot, which the pods do not. */
  cniResults: '/var/lib/cni/results',
  sysModule: '/sys/module',
  kernelModules: '/lib/modules',
  kernelRelease: '/proc/sys/kernel/osrelease',
  kernelBootId: '/proc/sys/kernel/random/boot_id',
  machineId: '/etc/machine-id',
  systemdRunning: '/run/systemd/system',
  distributionPlugins: '/usr/lib/cni',
} as const;

/** Reports whether a path is our folder or lies in it: all of that is ours alone. */
export function isInHome(path: string): boolean {
  return `${path}/`.startsWith(`${HOME}/`);
}

/** Reports whether everything that stands there is ours, marked or not: our folder, and that of a boot's state. */
export function isOwnPlace(path: string): boolean {
  return isInHome(path) || path.startsWith(`${RUN}/`);
}

/** Where what a step replaces is kept until the run is over; a fixed name, so that a later run finds it. */
export function besidePath(path: string): string {
  const at = path.lastIndexOf('/') + 1;
  return `${path.slice(0, at)}.${path.slice(at)}.vpc-cni-before.tmp`;
}

/** The folder of one version. */
export function payloadDirectory(version: string): string {
  return `${HOME}/${version}`;
}

/** The list of what one version installed. */
export function manifestPath(version: string): string {
  return `${payloadDirectory(version)}/manifest.json`;
}

/** The file behind a sysctl: `net.ipv4.ip_forward` is `/proc/sys/net/ipv4/ip_forward`. */
export function sysctlPath(key: readonly string[]): string {
  return `/proc/sys/${key.join('/')}`;
}
