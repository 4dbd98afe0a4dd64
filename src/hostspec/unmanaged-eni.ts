import networkTemplate from '../../templates/drop-ins/eni.network' with { type: 'text' };
import networkManagerTemplate from '../../templates/drop-ins/network-manager-eni.conf' with { type: 'text' };
import type { MacAddress } from '../addr/index.ts';
import type { DropIn } from './drop-ins.ts';
import { PATHS } from './paths.ts';
import { renderIni } from './render-ini.ts';

/** Why these files are by MAC: a name comes back with another ENI, and the pair "ens5"/"eth0" depends on the machine. */
const WHY = ['An ENI of pods: its addresses, routes and rules are those of vpc-cni-ipamd.'];

const digitsOf = (mac: MacAddress): string => mac.replaceAll(':', '');

// 05: before 70-… and 80-… of images and netplan's 10-…: the first file that matches a link decides (systemd.network(5)).
const NETWORK_PREFIX = '05-vpc-cni-';
const NETWORK_FILE = /^05-vpc-cni-[0-9a-f]{12}\.network$/;
const NETWORK_MANAGER_PREFIX = '90-vpc-cni-eni-';
const NETWORK_MANAGER_FILE = /^90-vpc-cni-eni-[0-9a-f]{12}\.conf$/;

const ENI_FILES: readonly { readonly directory: string; readonly name: RegExp }[] = [
  { directory: PATHS.networkDirectory, name: NETWORK_FILE },
  { directory: PATHS.networkManagerDirectory, name: NETWORK_MANAGER_FILE },
];

/** The files of single ENIs among what `list` finds in a folder; whatever else is there belongs to others. */
export function eniFilePaths(list: (directory: string) => readonly string[]): readonly string[] {
  return ENI_FILES.flatMap(({ directory, name }) =>
    list(directory)
      .filter((entry) => name.test(entry))
      .map((entry) => `${directory}/${entry}`),
  );
}

/** The files that keep systemd-networkd and NetworkManager off one ENI; written before it is attached. */
export function eniFiles(mac: MacAddress): readonly DropIn[] {
  const holes = { MAC: mac, MAC_DIGITS: digitsOf(mac) };
  return [
    {
      program: 'networkd',
      path: `${PATHS.networkDirectory}/${NETWORK_PREFIX}${digitsOf(mac)}.network`,
      text: renderIni({ template: networkTemplate, holes, why: WHY }),
    },
    {
      program: 'network-manager',
      path: `${PATHS.networkManagerDirectory}/${NETWORK_MANAGER_PREFIX}${digitsOf(mac)}.conf`,
      text: renderIni({ template: networkManagerTemplate, holes, why: WHY }),
    },
  ];
}
