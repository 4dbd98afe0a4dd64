/** The network state we want, as values, and the steps from what is there to it. Pure. */
export { type AwsNodeChains, awsNodeChains, type ChainFacts } from './aws-node-chains.ts';
export {
  BRANCH_LINK_PREFIX,
  type BranchEni,
  type BranchInterface,
  branchAlias,
  branchSysctls,
  branchUnwiring,
  branchWiring,
  type EnforcingMode,
  isVlanAlias,
  modeOfHostEnd,
  readBranchAlias,
  vlanAlias,
  vlanLinkName,
} from './branch.ts';
export { diffNetwork, type ObservedNetwork, type WantedNetwork } from './diff.ts';
export {
  EGRESS,
  type EgressNetwork,
  egressAddress,
  egressFamilyOf,
  egressHost,
  egressIdentity,
  egressWiring,
  nextEgressHost,
} from './egress.ts';
export { iptablesTables } from './egress-iptables.ts';
export { formerPrefixes } from './former-prefixes.ts';
export { type EniLink, type HostNetwork, type HostNetworkInput, wantedHostNetwork } from './host-network.ts';
export {
  type IptablesTable,
  iptablesRules,
  iptablesScript,
  ownIptablesRules,
  sameIptablesRules,
} from './iptables-rules.ts';
export { localRuleSteps } from './local-rule.ts';
export {
  fitsAlias,
  holderOf,
  hostVethName,
  isTakenOver,
  type PodIdentity,
  podAlias,
  podMacs,
  readPodAlias,
  sameInterface,
  takenOverAlias,
  vethPrefixOf,
} from './names.ts';
export {
  AWS_NODE_NFT_TABLE,
  branchTableOf,
  DEAD_LINK_GROUP,
  KERNEL_PROTOCOL,
  LOCAL_TABLE,
  MAIN_TABLE,
  NFT_TABLE,
  PRIORITY,
  PROTOCOL,
  routeTableOf,
  VPC_ROUTER_IPV6,
} from './owned.ts';
export { type PacketRulesInput, type PacketRulesWanted, packetRules, packetTables, usesMark } from './packet-rules.ts';
export type { EgressRulesInput, FilterFamily, PacketTable } from './packet-table.ts';
export {
  hostEndSysctls,
  type PodInterface,
  type PodWiring,
  podRules,
  podUnwiring,
  podWiring,
  rulesOfAddress,
  type TakenOverEnds,
} from './pod.ts';
export { type PodLink, podLinkFinder } from './pod-link.ts';
export { type PodNat, podNat } from './pod-nat.ts';
export { type PathHop, type PodPath, type PodPathInput, podPath } from './pod-path.ts';
export { ruleKey } from './rule-key.ts';
export { type ForeignRuleSteps, foreignRuleSteps } from './takeover.ts';
export type { ForeignRule, Link, LinkAddress, Neighbour, Route, Rule, Step, VethPair, VlanLink } from './types.ts';
