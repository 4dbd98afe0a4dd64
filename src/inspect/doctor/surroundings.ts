import { type OtherIpamd, PATHS } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What else is on this node that could take packets, addresses or connections from pods. */
export interface SurroundingsFacts {
  readonly otherIpamd: readonly OtherIpamd[];
  /** Names of all links. */
  readonly links: readonly string[];
  readonly connections: { readonly count: number; readonly max: number } | undefined;
  /** Rules by the kind of iptables they stand in. */
  readonly filters: readonly { readonly program: string; readonly rules: number }[];
  /** Of the kubelet: how many pods it takes, and who says so. */
  readonly kubelet: { readonly maxPods: number; readonly from: string } | undefined;
  /** How many pods find an address here. */
  readonly podRoom: number | undefined;
  /** Secondary ENIs that systemd-networkd has configured, with the file it did so by. */
  readonly networkdLinks: readonly { readonly link: string; readonly file: string }[];
}

/** Links that other CNI plugins make and keep. */
const FOREIGN_LINKS: readonly (readonly [RegExp, string])[] = [
  [/^cilium_(?:host|net|vxlan|geneve)$/, 'Cilium'],
  [/^(?:cali[0-9a-f]{11}|vxlan(?:-v6)?\.calico|wireguard\.cali)$/, 'Calico'],
  [/^(?:flannel(?:-v6)?\.\d+|flannel-wg)$/, 'Flannel'],
  [/^(?:weave|datapath|vethwe-bridge)$/, 'Weave Net'],
  [/^antrea-(?:gw0|tun0)$/, 'Antrea'],
  [/^kube-bridge$/, 'kube-router'],
  [/^cni0$/, 'the plugin "bridge"'],
];

/** From here on a burst of new connections can fill the table. */
const CONNECTIONS_TIGHT = 0.8;

function ofOther({ holds, pid, program }: OtherIpamd): Finding {
  const who = pid === undefined ? 'a process that cannot be seen from here' : `${program} (process ${pid})`;
  return finding('OTHER_IPAMD', `${who} ${holds}`);
}

function ofConnections(facts: SurroundingsFacts['connections']): readonly Finding[] {
  if (facts === undefined || facts.max === 0 || facts.count < facts.max * CONNECTIONS_TIGHT) return [];
  return [finding('CONNTRACK_FILLING', `${facts.count} of ${facts.max} connections`)];
}

function ofFilters(all: SurroundingsFacts['filters']): readonly Finding[] {
  const used = all.filter(({ rules }) => rules > 0);
  if (used.length < 2) return [];
  return [finding('FILTERS_MIXED', used.map(({ program, rules }) => `${rules} rules in ${program}`).join(', '))];
}

function ofKubelet({ kubelet, podRoom }: SurroundingsFacts): readonly Finding[] {
  if (kubelet === undefined || podRoom === undefined || kubelet.maxPods <= podRoom) return [];
  return [
    finding('MAX_PODS_TOO_MANY', `${kubelet.from} lets the kubelet take ${kubelet.maxPods} pods, ${podRoom} have room`),
  ];
}

/** Whether what surrounds us leaves pods their network. */
export function diagnoseSurroundings(facts: SurroundingsFacts): readonly Finding[] {
  return [
    ...facts.otherIpamd.map(ofOther),
    ...facts.links.flatMap((link) => {
      const whose = FOREIGN_LINKS.find(([pattern]) => pattern.test(link))?.[1];
      return whose === undefined ? [] : [finding('OTHER_CNI', `${link} is a link of ${whose}`)];
    }),
    ...facts.networkdLinks.map(({ link, file }) =>
      finding('NETWORKD_MANAGES_ENI', `it has configured ${link} by ${file}`),
    ),
    ...ofConnections(facts.connections),
    ...ofFilters(facts.filters),
    ...ofKubelet(facts),
  ];
}

/** What would configure an ENI as soon as it is attached. */
export interface HotplugFacts {
  /** Files of udev rules that do. */
  readonly udev: readonly string[];
  /** Files that tell cloud-init to. */
  readonly cloudInit: readonly string[];
}

/** Whether the host leaves ENIs that are attached to us. */
export function diagnoseHotplug({ udev, cloudInit }: HotplugFacts): readonly Finding[] {
  return [
    ...udev.map((path) => finding('HOTPLUG_UDEV', `${path} has a rule for each new network interface`)),
    ...cloudInit.map((path) =>
      finding('HOTPLUG_CLOUD_INIT', `${path} says hotplug, and is read after ${PATHS.cloudInitDropIn}`),
    ),
  ];
}
