import type { InstanceLimits } from './instance-limits.ts';

/** Pods of a node that use its own network and need no address: the proxy and the agent that every EKS node runs. */
const HOST_NETWORK_PODS = 2;

/**
 * The number of pods EC2's limits leave room for with one secondary address per pod. An ENI's primary address belongs
 * to the node; with custom networking the whole primary ENI does.
 */
export function maxPods(limits: InstanceLimits, options: { readonly customNetworking?: boolean } = {}): number {
  const enis = options.customNetworking === true ? limits.maxEnis - 1 : limits.maxEnis;
  return enis * (limits.ipv4PerEni - 1) + HOST_NETWORK_PODS;
}
