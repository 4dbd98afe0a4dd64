import cloudInit from '../../templates/drop-ins/cloud-init.cfg' with { type: 'text' };
import defaultLink from '../../templates/drop-ins/default-link.conf' with { type: 'text' };
import networkManagerPods from '../../templates/drop-ins/network-manager-pods.conf' with { type: 'text' };
import networkd from '../../templates/drop-ins/networkd.conf' with { type: 'text' };
import podsNetwork from '../../templates/drop-ins/pods.network' with { type: 'text' };
import type { Settings } from '../config/index.ts';
import { MARK } from './owned.ts';
import { PATHS } from './paths.ts';
import { renderIni } from './render-ini.ts';
import type { WantedEntry } from './wanted.ts';

/** Programs of the host that would configure our links, and read a file of ours that tells them not to. */
export type NetworkProgram = 'networkd' | 'udev' | 'network-manager' | 'cloud-init';

/** One file that keeps a program off what is ours. */
export interface DropIn {
  readonly program: NetworkProgram;
  readonly path: string;
  readonly text: string;
}

/** The setting that decides over drop-ins. */
export type DropInSettings = Pick<Settings, 'AWS_VPC_K8S_CNI_VETHPREFIX'>;

const PUBLIC_FILE = 0o644;

/** Eleven digits follow the prefix in the name of a pod's host end: nothing shorter, such as "ens5", is meant. */
const vethPattern = (prefix: string): string => `${prefix}${'?'.repeat(11)}`;

const plain = (why: readonly string[], text: string): string =>
  [MARK, ...why].map((line) => `# ${line}\n`).join('') + text;

/**
 * The drop-ins of every program. They are written also where the program is absent: there nobody reads them, and what a
 * later step of an image build or an upgrade installs finds them in place.
 */
export function dropIns(settings: DropInSettings): readonly DropIn[] {
  const holes = { VETH_PATTERN: vethPattern(settings.AWS_VPC_K8S_CNI_VETHPREFIX) };
  return [
    {
      program: 'networkd',
      path: PATHS.networkdDropIn,
      text: renderIni({
        template: networkd,
        why: ['Otherwise systemd-networkd removes the routes and rules of pods when it starts or a link changes.'],
      }),
    },
    {
      program: 'networkd',
      path: PATHS.podsNetwork,
      text: renderIni({
        template: podsNetwork,
        holes,
        why: [
          'Host ends of pod links. By driver too: Name= also matches alternative names, and EC2 hosts have some like eni-0123.',
        ],
      }),
    },
    {
      program: 'udev',
      path: PATHS.linkDropIn,
      text: renderIni({
        template: defaultLink,
        why: ['A pod knows the MAC of its host end; the default policy changes it after the link was made.'],
      }),
    },
    {
      program: 'network-manager',
      path: PATHS.networkManagerDropIn,
      text: renderIni({ template: networkManagerPods, holes, why: ['Host ends of pod links.'] }),
    },
    {
      program: 'udev',
      path: PATHS.policyRoutesRules,
      text: plain(
        [
          'Takes the place of the rules of amazon-ec2-net-utils, which would add policy routes of its own and, on every',
          'ENI, all addresses of pods as addresses of the host. 80-ec2.network still configures the primary interface.',
        ],
        '',
      ),
    },
    {
      program: 'cloud-init',
      path: PATHS.cloudInitDropIn,
      text: plain(
        ['The network is configured once per instance. On "hotplug" cloud-init would configure each ENI of pods.'],
        cloudInit,
      ),
    },
  ];
}

/** Where drop-ins are, whatever the settings. */
export const DROP_IN_PATHS: readonly string[] = dropIns({ AWS_VPC_K8S_CNI_VETHPREFIX: 'eni' }).map(({ path }) => path);

/** The drop-ins as files an installation wants. */
export function dropInEntries(settings: DropInSettings): readonly WantedEntry[] {
  return dropIns(settings).map(({ path, text }) => ({ kind: 'file', path, mode: PUBLIC_FILE, text }));
}
