import { OUTLOOK_PATH, STATUS_PATH } from '../../cniproto/index.ts';
import { USER_DATA_FILE } from '../../config/index.ts';
import { PATHS, UNIT_NAME } from '../../hostspec/index.ts';
import type { TextKind } from './redact.ts';

/** One thing to collect: where it comes from and what kind of text it is. */
export type Source =
  | { readonly kind: 'file'; readonly path: string; readonly text?: TextKind }
  /** Every regular file of a directory whose name matches. */
  | { readonly kind: 'directory'; readonly path: string; readonly names: RegExp; readonly text?: TextKind }
  /** `as` names the entry where the command line would be a bad name. */
  | {
      readonly kind: 'command';
      readonly argv: readonly [string, ...string[]];
      readonly text?: TextKind;
      readonly as?: string;
    }
  | { readonly kind: 'http'; readonly path: string; readonly port: number }
  /** The daemon's own socket. */
  | { readonly kind: 'socket'; readonly path: string };

/** Where in the bundle things of one group stand. */
export interface SourceGroup {
  readonly folder: string;
  readonly sources: readonly Source[];
}

const file = (path: string, text?: TextKind): Source => ({
  kind: 'file',
  path,
  ...(text === undefined ? {} : { text }),
});
const directory = (path: string, names: RegExp, text?: TextKind): Source => ({
  kind: 'directory',
  path,
  names,
  ...(text === undefined ? {} : { text }),
});
const command = (...argv: readonly [string, ...string[]]): Source => ({ kind: 'command', argv });
const unit = (...argv: readonly [string, ...string[]]): Source => ({ kind: 'command', argv, text: 'unit' });

const ANY = /^/;

/** The newest lines of a unit, or of the kernel: what a program prints past its bound is left out. */
function journal(as: string, lines: number, ...more: readonly string[]): Source {
  const words = ['--no-pager', '--quiet', '--since=-3d', `--lines=${lines}`] as const;
  return { kind: 'command', argv: ['journalctl', ...words, ...more], as: `journal-${as}` };
}

const METRICS_PORT = 61_678;
const INTROSPECTION_PORT = 61_679;
const NETWORK_FILES = /\.(?:network|netdev|link|conf)$/;

/**
 * Everything a reader far away may ask for. Nothing here changes a host: the old packet filter's tables are asked for only by
 * the program that lists those in use.
 */
export const SOURCES: readonly SourceGroup[] = [
  {
    folder: 'settings',
    sources: [
      file(PATHS.envFile, 'settings'),
      directory(PATHS.envDirectory, /\.env$/, 'settings'),
      file(USER_DATA_FILE, 'settings'),
      file(PATHS.processEnvironment, 'settings'),
      file(PATHS.kubeletDropIn),
      file(PATHS.nodeadmDropIn),
      file(PATHS.kubeletEnv),
    ],
  },
  {
    folder: 'cni',
    sources: [
      directory(PATHS.conflistDirectory, /\.(?:conflist|conf|json)$/),
      directory(PATHS.cniResults, ANY),
      command('ls', '-la', PATHS.conflistDirectory, PATHS.cniBin),
    ],
  },
  {
    folder: 'installed',
    sources: [
      file(PATHS.record),
      file(`${PATHS.current}/manifest.json`),
      command('find', PATHS.home, '-maxdepth', '3', '-ls'),
      directory('/etc/systemd/network', NETWORK_FILES),
      directory('/etc/systemd/networkd.conf.d', NETWORK_FILES),
      directory('/etc/systemd/network/99-default.link.d', NETWORK_FILES),
      directory('/etc/NetworkManager/conf.d', NETWORK_FILES),
      directory('/etc/sysctl.d', /\.conf$/),
      directory('/etc/udev/rules.d', /\.rules$/),
    ],
  },
  {
    folder: 'systemd',
    sources: [
      unit('systemctl', 'show', UNIT_NAME),
      unit('systemctl', 'cat', UNIT_NAME),
      command('systemctl', 'status', '--no-pager', '--lines=0', UNIT_NAME, 'kubelet.service', 'containerd.service'),
      command('systemctl', 'list-units', '--failed', '--no-pager', '--plain'),
      command('networkctl', 'list', '--no-pager'),
      journal('vpc-cni-ipamd', 10_000, `--unit=${UNIT_NAME}`, '--output=short-iso-precise'),
      // With the fields of each line, such as the ENI and the pod.
      journal('vpc-cni-ipamd.json', 2_000, `--unit=${UNIT_NAME}`, '--output=json'),
      journal('kubelet', 2_000, '--unit=kubelet.service', '--output=short-iso-precise'),
      journal('containerd', 2_000, '--unit=containerd.service', '--output=short-iso-precise'),
      journal('systemd-networkd', 2_000, '--unit=systemd-networkd.service', '--output=short-iso-precise'),
      journal('kernel', 2_000, '--dmesg', '--output=short-iso-precise'),
    ],
  },
  {
    folder: 'state',
    sources: [
      directory(PATHS.run, /(?:\.json|^kubelet\.env|\.log|\.broken|^boot-id|^journal|^taken-over)$/),
      directory(PATHS.spool, ANY),
      directory(PATHS.logs, ANY),
    ],
  },
  {
    folder: 'daemon',
    sources: [
      { kind: 'socket', path: STATUS_PATH },
      { kind: 'socket', path: OUTLOOK_PATH },
      { kind: 'http', port: METRICS_PORT, path: '/metrics' },
      { kind: 'http', port: INTROSPECTION_PORT, path: '/v1/enis' },
      { kind: 'http', port: INTROSPECTION_PORT, path: '/v1/ipamd-env-settings' },
      { kind: 'http', port: INTROSPECTION_PORT, path: '/v1/networkutils-env-settings' },
    ],
  },
  {
    folder: 'network',
    sources: [
      command('ip', '-details', '-statistics', 'address'),
      command('ip', 'rule'),
      command('ip', '-6', 'rule'),
      command('ip', 'route', 'show', 'table', 'all'),
      command('ip', '-6', 'route', 'show', 'table', 'all'),
      command('ip', 'neighbour'),
      command('tc', '-statistics', 'qdisc'),
      command('tc', '-statistics', 'filter'),
      // What is inside of pods that the runtime keeps under names.
      command('ip', '-all', 'netns', 'exec', 'ip', '-brief', 'address'),
      command('ip', '-all', 'netns', 'exec', 'ip', 'route'),
      command('nft', 'list', 'ruleset'),
      command('iptables-nft-save'),
      command('ip6tables-nft-save'),
      command('iptables-legacy-save'),
      command('ip6tables-legacy-save'),
      command('ipset', 'save'),
      command('ipvsadm', '--save', '--numeric'),
      command('conntrack', '--stats'),
      file('/proc/net/stat/nf_conntrack'),
      command('ss', '--listening', '--numeric', '--tcp', '--udp', '--unix'),
      command('sysctl', '--all', '--pattern', String.raw`^net\.`),
      file('/etc/resolv.conf'),
    ],
  },
  {
    folder: 'system',
    sources: [
      command('uname', '-a'),
      file('/etc/os-release'),
      file('/proc/modules'),
      file('/proc/meminfo'),
      file('/proc/loadavg'),
      file('/proc/uptime'),
      command('df', '-h'),
      command('systemctl', '--version'),
      command('ip', '-V'),
      command('nft', '--version'),
      command('containerd', '--version'),
      command('kubelet', '--version'),
    ],
  },
];
