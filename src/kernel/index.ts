/** The kernel's network state: rtnetlink requests, namespaces, packet rules. Applies steps, decides nothing. */
export { applySteps, describeStep } from './apply.ts';
export { type AwsNodeRules, type FoundChains, findAwsNodeRules, removeAwsNodeRules } from './aws-node-chains.ts';
export { removeHostNetwork } from './cleanup.ts';
export { forgetConnections } from './connections.ts';
export { deadLinks, removeDeadLinks } from './dead-links.ts';
export { iptablesSaves } from './iptables.ts';
export { RouteSocket } from './netlink/socket.ts';
export { listByNft } from './nft.ts';
export {
  findLink,
  findLinkByMac,
  listLinks,
  listLinksByMac,
  listOwnRules,
  observeInTurns,
  observeNetwork,
} from './observe.ts';
export {
  applyPacketRules,
  findPacketRules,
  PacketFilter,
  type PacketFilterKind,
  packetRulesDigest,
  removePacketRules,
} from './packet-filter.ts';
export { checkPod, openPodNetns, takenOverEnds, wirePod } from './pod.ts';
export { untilPodReceives } from './pod-receives.ts';
export { differingSysctls, type SysctlChange } from './sysctls.ts';
export { waitForLink } from './wait-for-link.ts';
export { type NetworkEvent, watchNetwork, watchPacketRules } from './watch-network.ts';
