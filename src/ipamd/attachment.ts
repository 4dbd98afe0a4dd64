import { formatCidr, hostCidr } from '../addr/index.ts';
import { type AddResult, type CniCall, parsePrevResult } from '../cniproto/index.ts';
import { fitsAlias, type PodIdentity, type PodWiring } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Allocation, Owner } from '../pool/index.ts';

/** The one value of upstream's annotation that asks for something. */
const MULTI_NIC = { annotation: 'k8s.amazonaws.com/nicConfig', value: 'multi-nic-attachment' } as const;

/** One attachment of one container, whatever network. */
export const attachmentOf = ({ containerId, ifName }: Pick<Owner, 'containerId' | 'ifName'>): string =>
  `${containerId}/${ifName}`;

/** Whose the address of a call is. */
export const ownerOf = (call: CniCall): Owner => ({
  network: call.config.name,
  containerId: call.containerId,
  ifName: call.ifName,
  podNamespace: call.args.podNamespace,
  podName: call.args.podName,
});

/** The same owner, as the host end of its pod names it. */
export const identityOf = ({ podNamespace, podName, ...owner }: Owner): PodIdentity => ({
  ...owner,
  namespace: podNamespace,
  name: podName,
});

/** The refusal for an owner that has no address, or no longer. */
export const unknownAttachment = ({ containerId, ifName }: Owner): HostError =>
  new HostError('ATTACHMENT_UNKNOWN', { containerId, ifName });

/** Throws for what this node cannot give, before anything is taken: it must be said, and cost nothing. */
export function refuseImpossible(call: CniCall): void {
  if (!fitsAlias(identityOf(ownerOf(call))))
    throw new HostError('CNI_ENV', {
      reason: 'CNI_CONTAINERID, CNI_IFNAME and the name of the network are together too long for an alias of a link',
    });
  if (call.config.podAnnotations?.[MULTI_NIC.annotation] === MULTI_NIC.value)
    throw new HostError('CNI_CONFIG', {
      reason: `the pod's annotation ${MULTI_NIC.annotation} asks for several interfaces, which ENABLE_MULTI_NIC would have to allow`,
    });
}

/** The result that CHECK must be given, and a chained ADD too (CNI specification, "Configuration derivation"). */
export function previousResult(call: CniCall): AddResult {
  const { prevResult } = call.config;
  if (prevResult === undefined) throw new HostError('CNI_CONFIG', { reason: `${call.command} needs prevResult` });
  return parsePrevResult(prevResult);
}

/** What an ADD has achieved. */
export function resultOf(call: CniCall, allocation: Pick<Allocation, 'address'>, wiring: PodWiring): AddResult {
  const { host, container, mtu } = wiring.veth;
  return {
    interfaces: [
      { name: host.name, mac: host.mac, mtu },
      { name: container.name, mac: container.mac, mtu, sandbox: call.netns },
    ],
    ips: [{ address: formatCidr(hostCidr(allocation.address)), interface: 1 }],
  };
}
