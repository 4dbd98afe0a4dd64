import { formatCidr, type Ipv4Cidr, networkOf } from '../addr/index.ts';
import type { Settings } from '../config/index.ts';
import type { ChainFacts } from '../dataplane/index.ts';
import type { ForeignConflist, SettingDifference } from '../hostspec/index.ts';

/** What aws-node left that tells how it was set. */
export interface FoundSettings {
  /** What its rules in each packet filter say; none when it has no rules. */
  readonly chains: readonly ChainFacts[];
  readonly conflist: ForeignConflist;
  readonly externalServiceCidrs: readonly Ipv4Cidr[];
  /** How many pods have branch ENIs. */
  readonly branches: number;
  /** Whether pods have addresses of network cards beyond the first. */
  readonly hasFurtherCards?: boolean;
}

const cidrsText = (cidrs: readonly Ipv4Cidr[]): string =>
  [...new Set(cidrs.map((cidr) => formatCidr(networkOf(cidr))))].sort().join(',') || 'none';

/**
 * The settings of aws-node that its packets show and ours contradict. Those of the pool leave no trace; they change what
 * EC2 is asked for and no packet. Pure.
 */
export function differingSettings(found: FoundSettings, settings: Settings): readonly SettingDifference[] {
  const { chains, conflist } = found;
  const differences: SettingDifference[] = [];
  const compare = (setting: string, theirs: string | undefined, ours: string): void => {
    if (theirs !== undefined && theirs !== ours) differences.push({ setting, theirs, ours });
  };
  compare('AWS_VPC_K8S_CNI_VETHPREFIX', conflist.vethPrefix, settings.AWS_VPC_K8S_CNI_VETHPREFIX);
  if (found.hasFurtherCards === true) compare('ENABLE_MULTI_NIC', 'true', String(settings.ENABLE_MULTI_NIC));
  compare('POD_MTU', conflist.mtu, String(settings.POD_MTU));
  if (conflist.egress === 'ipv6') compare('ENABLE_V6_EGRESS', 'true', String(settings.ENABLE_V6_EGRESS));
  if (found.branches > 0) {
    compare('ENABLE_POD_ENI', 'true', String(settings.ENABLE_POD_ENI));
    compare('POD_SECURITY_GROUP_ENFORCING_MODE', conflist.enforcingMode, settings.POD_SECURITY_GROUP_ENFORCING_MODE);
  }
  if (chains.length > 0) {
    const snat = chains.some((facts) => facts.snat);
    const mark = chains.find((facts) => facts.mark !== undefined)?.mark;
    const { AWS_VPC_K8S_CNI_EXTERNALSNAT: external, AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: excluded } = settings;
    compare('AWS_VPC_K8S_CNI_EXTERNALSNAT', String(!snat), String(external));
    if (snat) {
      const theirs = chains.flatMap(({ excludedCidrs }) => excludedCidrs);
      compare('AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS', cidrsText(theirs), cidrsText(excluded));
    }
    const nodePort = chains.some((facts) => facts.nodePort);
    compare('AWS_VPC_CNI_NODE_PORT_SUPPORT', String(nodePort), String(settings.AWS_VPC_CNI_NODE_PORT_SUPPORT));
    compare('AWS_VPC_K8S_CNI_CONNMARK', mark?.toString(), String(settings.AWS_VPC_K8S_CNI_CONNMARK));
  }
  compare(
    'AWS_EXTERNAL_SERVICE_CIDRS',
    found.externalServiceCidrs.length === 0 ? undefined : cidrsText(found.externalServiceCidrs),
    cidrsText(settings.AWS_EXTERNAL_SERVICE_CIDRS),
  );
  return differences;
}
