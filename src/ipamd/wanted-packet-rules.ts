import type { Ipv4Cidr } from '../addr/index.ts';
import type { PacketRulesWanted } from '../dataplane/index.ts';
import type { Node } from './parts.ts';

/**
 * Our packet rules as this node wants them. For pods with addresses of IPv6 there are none but those of egress: their
 * addresses are valid everywhere.
 */
export function wantedPacketRules(
  { settings, identity, primaryLink, egress }: Pick<Node, 'settings' | 'identity' | 'primaryLink' | 'egress'>,
  pods: {
    readonly ipv4: boolean;
    readonly vpcCidrs: readonly Ipv4Cidr[];
    readonly formerPrefixes: readonly string[];
  },
): PacketRulesWanted {
  const randomize = settings.AWS_VPC_K8S_CNI_RANDOMIZESNAT;
  return {
    pods: pods.ipv4
      ? {
          primaryLink,
          primaryAddress: identity.primaryAddress,
          vethPrefix: settings.AWS_VPC_K8S_CNI_VETHPREFIX,
          formerPrefixes: pods.formerPrefixes,
          mark: settings.AWS_VPC_K8S_CNI_CONNMARK,
          exemptCidrs: [...pods.vpcCidrs, ...settings.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS],
          externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
          randomize,
          nodePort: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
        }
      : undefined,
    egress: egress && { ...egress, randomize },
  };
}
