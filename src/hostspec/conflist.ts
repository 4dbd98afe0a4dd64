import template from '../../templates/10-aws.conflist' with { type: 'text' };
import type { Settings } from '../config/index.ts';
import { fillValue } from './fill.ts';
import { type Conflist, parseConflist } from './parse-conflist.ts';

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

/** The text of the conflist; the daemon writes it, and only while an address can be handed out. */
export function renderConflist(settings: ConflistSettings): string {
  return `${JSON.stringify(wantedConflist(settings), null, 2)}\n`;
}
