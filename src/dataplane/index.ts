/** The network state we want, as values, and the steps from what is there to it. Pure. */
export { diffNetwork, type ObservedNetwork, ruleKey, type WantedNetwork } from './diff.ts';
export { type EniLink, type HostNetwork, type HostNetworkInput, wantedHostNetwork } from './host-network.ts';
export { hostVethName, type PodIdentity, podAlias, podMacs, readPodAlias } from './names.ts';
export { DEAD_LINK_GROUP, MAIN_TABLE, NFT_TABLE, PRIORITY, PROTOCOL, routeTableOf } from './owned.ts';
export { type PacketRulesInput, packetRules, usesMark } from './packet-rules.ts';
export { type PodInterface, type PodWiring, podRules, podUnwiring, podWiring, rulesOfAddress } from './pod.ts';
export type { Link, LinkAddress, Route, Rule, Step, VethPair } from './types.ts';
