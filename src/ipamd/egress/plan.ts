import type { IpAddress, IpFamily } from '../../addr/index.ts';
import { type Imds, type InstanceIdentity, readPrimaryIpv6 } from '../../aws/index.ts';
import type { Settings } from '../../config/index.ts';
import { HostError } from '../../errors/index.ts';
import { egressFamily } from '../../hostspec/index.ts';
import type { Node } from '../parts.ts';

/** The family pods reach by the node, and the address of the node that the world then sees. */
export interface EgressPlan {
  readonly family: IpFamily;
  readonly nodeAddress: IpAddress;
}

/** What pods get beside their own family; nothing of IPv6 where the node has no address of it. */
export async function egressPlan(
  settings: Settings,
  identity: InstanceIdentity,
  imds: Imds,
): Promise<EgressPlan | undefined> {
  const family = egressFamily(settings);
  if (family === undefined) return undefined;
  const nodeAddress = family === 'ipv4' ? identity.primaryAddress : await readPrimaryIpv6(imds, identity.primaryMac);
  return nodeAddress === undefined ? undefined : { family, nodeAddress };
}

/** Says, as long as it is so, that egress is asked for and this node cannot give it. */
export function complaintOfEgress(node: Pick<Node, 'settings' | 'egress' | 'identity'>) {
  const error = new HostError('EGRESS_NO_IPV6', { eniId: node.identity.primaryEniId });
  return (): HostError | undefined =>
    egressFamily(node.settings) !== undefined && node.egress === undefined ? error : undefined;
}
