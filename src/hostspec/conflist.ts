import template from '../../templates/10-aws.conflist' with { type: 'text' };
import type { Settings } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { EGRESS_IPAM, egressFamily } from './egress.ts';
import { fillValue } from './fill.ts';
import { type Conflist, parseConflist } from './parse-conflist.ts';
import { CONFLIST_PATH } from './paths.ts';

/** The settings a conflist depends on. */
export type ConflistSettings = Pick<
  Settings,
  | 'AWS_VPC_K8S_CNI_VETHPREFIX'
  | 'POD_MTU'
  | 'POD_SECURITY_GROUP_ENFORCING_MODE'
  | 'AWS_VPC_K8S_PLUGIN_LOG_FILE'
  | 'AWS_VPC_K8S_PLUGIN_LOG_LEVEL'
  | 'ENABLE_BANDWIDTH_PLUGIN'
  | 'DISABLE_POD_V6'
  | 'ENABLE_IPv6'
  | 'ENABLE_V4_EGRESS'
  | 'ENABLE_V6_EGRESS'
  | 'AWS_VPC_K8S_CNI_RANDOMIZESNAT'
  | 'AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE'
  | 'AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE'
>;

/** What decides over a conflist beside the settings. */
export interface ConflistNode {
  /** The CNI versions of each stock plugin in it. */
  readonly chain?: readonly (readonly string[])[];
  /** The node's address that the world sees of pods' egress; without one they have none. */
  readonly egressAddress?: string | undefined;
}

function isChained(type: string, settings: ConflistSettings, egressAddress: string | undefined): boolean {
  switch (type) {
    case 'egress-cni':
      return egressFamily(settings) !== undefined && egressAddress !== undefined;
    case 'bandwidth':
      return settings.ENABLE_BANDWIDTH_PLUGIN;
    case 'tuning':
      return settings.DISABLE_POD_V6;
    default:
      return true;
  }
}

/** The chain for these settings, checked against the schema. */
export function wantedConflist(settings: ConflistSettings, egressAddress?: string): Conflist {
  const family = egressFamily(settings) ?? 'ipv6';
  const ipam = EGRESS_IPAM[family];
  const filled = fillValue(JSON.parse(template), {
    VETH_PREFIX: settings.AWS_VPC_K8S_CNI_VETHPREFIX,
    MTU: String(settings.POD_MTU),
    POD_SG_ENFORCING_MODE: settings.POD_SECURITY_GROUP_ENFORCING_MODE,
    PLUGIN_LOG_FILE: settings.AWS_VPC_K8S_PLUGIN_LOG_FILE,
    PLUGIN_LOG_LEVEL: settings.AWS_VPC_K8S_PLUGIN_LOG_LEVEL,
    RANDOMIZE_SNAT: settings.AWS_VPC_K8S_CNI_RANDOMIZESNAT,
    NODE_IP: egressAddress ?? '',
    EGRESS_SUBNET: ipam.subnet,
    EGRESS_DESTINATION: ipam.destination,
    EGRESS_DATA_DIR: ipam.dataDir,
    EGRESS_LOG_FILE:
      family === 'ipv4'
        ? settings.AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE
        : settings.AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE,
  });
  const conflist = parseConflist(filled);
  return { ...conflist, plugins: conflist.plugins.filter(({ type }) => isChained(type, settings, egressAddress)) };
}

/**
 * The conflist with only the CNI versions that every plugin of the chain speaks, given what each answered. `cniVersion`,
 * for runtimes that do not know the list, is ours if it is left, else the highest left. Throws `CONFLIST_INVALID`.
 */
function limitVersions(conflist: Conflist, chain: readonly (readonly string[])[]): Conflist {
  const cniVersions = conflist.cniVersions.filter((version) => chain.every((spoken) => spoken.includes(version)));
  const cniVersion = cniVersions.includes(conflist.cniVersion) ? conflist.cniVersion : cniVersions.at(-1);
  if (cniVersion !== undefined) return { ...conflist, cniVersion, cniVersions };
  const findings = `the plugins of the chain speak none of ${conflist.cniVersions.join(', ')} together`;
  throw new HostError('CONFLIST_INVALID', { path: CONFLIST_PATH, findings });
}

/**
 * The text of the conflist; the daemon writes it, and only while an address can be handed out.
 */
export function renderConflist(settings: ConflistSettings, node: ConflistNode = {}): string {
  const { chain = [], egressAddress } = node;
  return `${JSON.stringify(limitVersions(wantedConflist(settings, egressAddress), chain), null, 2)}\n`;
}
