import template from '../../templates/10-aws.conflist' with { type: 'text' };
import type { Settings } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
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
>;

function isChained(type: string, settings: ConflistSettings): boolean {
  switch (type) {
    case 'bandwidth':
      return settings.ENABLE_BANDWIDTH_PLUGIN;
    case 'tuning':
      return settings.DISABLE_POD_V6;
    default:
      return true;
  }
}

/** The chain for these settings, checked against the schema. */
export function wantedConflist(settings: ConflistSettings): Conflist {
  const filled = fillValue(JSON.parse(template), {
    VETH_PREFIX: settings.AWS_VPC_K8S_CNI_VETHPREFIX,
    MTU: String(settings.POD_MTU),
    POD_SG_ENFORCING_MODE: settings.POD_SECURITY_GROUP_ENFORCING_MODE,
    PLUGIN_LOG_FILE: settings.AWS_VPC_K8S_PLUGIN_LOG_FILE,
    PLUGIN_LOG_LEVEL: settings.AWS_VPC_K8S_PLUGIN_LOG_LEVEL,
  });
  const conflist = parseConflist(filled);
  return { ...conflist, plugins: conflist.plugins.filter(({ type }) => isChained(type, settings)) };
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
 * The text of the conflist; the daemon writes it, and only while an address can be handed out. `chain` holds the CNI
 * versions of each stock plugin in it.
 */
export function renderConflist(settings: ConflistSettings, chain: readonly (readonly string[])[] = []): string {
  return `${JSON.stringify(limitVersions(wantedConflist(settings), chain), null, 2)}\n`;
}
