import { formatCidr, hostCidr } from '../addr/index.ts';
import { type AddResult, type CniCall, parsePrevResult } from '../cniproto/index.ts';
import { fitsAlias, type PodIdentity, type PodWiring } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Allocation, Owner } from '../pool/index.ts';

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

/** Throws for what cannot be named on the host, before anything is taken. */
export function requireFit(owner: Owner): void {
  if (!fitsAlias(identityOf(owner)))
    throw new HostError('CNI_ENV', {
      reason: 'CNI_CONTAINERID, CNI_IFNAME and the name of the network are together too long for an alias of a link',
    });
}

/** The result that CHECK must be given, and a chained ADD too (CNI specification, "Configuration derivation"). */
export function previousResult(call: CniCall): AddResult {
  const { prevResult } = call.config;
  if (prevResult === undefined) throw new HostError('CNI_CONFIG', { reason: `${call.command} needs prevResult` });
  return parsePrevResult(prevResult);
}

/** An interface that an ADD has made, and its address. */
interface Wired {
  readonly address: Allocation['address'];
  readonly wiring: PodWiring;
}

/** What an ADD has achieved: of each interface both ends, the one on the host first. */
export function resultOf(call: CniCall, wired: readonly Wired[]): AddResult {
  return {
    interfaces: wired.flatMap(({ wiring: { veth } }) => [
      { name: veth.host.name, mac: veth.host.mac, mtu: veth.mtu },
      { name: veth.container.name, mac: veth.container.mac, mtu: veth.mtu, sandbox: call.netns },
    ]),
    ips: wired.map(({ address }, index) => ({ address: formatCidr(hostCidr(address)), interface: 2 * index + 1 })),
  };
}
