import { formatCidr } from '../../addr/index.ts';
import type { Settings } from '../../config/index.ts';

/** How upstream numbers the ways to choose source ports. */
const RANDOMIZE: Readonly<Record<Settings['AWS_VPC_K8S_CNI_RANDOMIZESNAT'], number>> = {
  none: 0,
  hashrandom: 1,
  prng: 2,
};

/** What `/v1/networkutils-env-settings` shows: the values in force. */
export function networkSettings(settings: Settings): object {
  return {
    AWS_VPC_ENI_MTU: settings.AWS_VPC_ENI_MTU,
    AWS_VPC_K8S_CNI_VETHPREFIX: settings.AWS_VPC_K8S_CNI_VETHPREFIX,
    AWS_VPC_CNI_NODE_PORT_SUPPORT: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
    AWS_VPC_K8S_CNI_CONNMARK: settings.AWS_VPC_K8S_CNI_CONNMARK,
    AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: settings.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS.map(formatCidr),
    AWS_VPC_K8S_CNI_EXTERNALSNAT: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
    AWS_EXTERNAL_SERVICE_CIDRS: settings.AWS_EXTERNAL_SERVICE_CIDRS.map(formatCidr),
    AWS_VPC_K8S_CNI_RANDOMIZESNAT: RANDOMIZE[settings.AWS_VPC_K8S_CNI_RANDOMIZESNAT],
  };
}

/** What `/v1/ipamd-env-settings` shows. */
export function poolSettings(settings: Settings): object {
  return {
    WARM_ENI_TARGET: settings.WARM_ENI_TARGET,
    WARM_IP_TARGET: settings.WARM_IP_TARGET,
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
    AWS_MANAGE_ENIS_NON_SCHEDULABLE: settings.AWS_MANAGE_ENIS_NON_SCHEDULABLE,
    ENABLE_SUBNET_DISCOVERY: settings.ENABLE_SUBNET_DISCOVERY,
  };
}
