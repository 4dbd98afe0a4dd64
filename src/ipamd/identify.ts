import {
  connectEc2,
  createImds,
  type Ec2Outcome,
  type Imds,
  type InstanceIdentity,
  metadataOnlyEc2,
  pausedMs,
  readIdentity,
  startRetryMs,
} from '../aws/index.ts';
import { ec2Access } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { findLinkByMac, listLinks } from '../kernel/index.ts';
import { poolLimits, poolTargets } from '../pool/index.ts';
import { limitsOf } from '../vpc/index.ts';
import { NodeEgress } from './egress/node-egress.ts';
import { egressPlan } from './egress/plan.ts';
import type { Edges, Node } from './parts.ts';

/** Does something until it succeeds, telling each failure; throws only when the daemon is told to stop. */
export async function persist<T>(
  edges: Edges,
  what: string,
  tell: (failure: HostError) => void,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++)
    try {
      return await attempt();
    } catch (caught) {
      const error = toHostError(caught);
      edges.signal.throwIfAborted();
      const usual = startRetryMs({ attempt: failures, random: Math.random() });
      const wait = Math.max(usual, pausedMs(error));
      tell(error);
      edges.logger.warn(`${what} failed, trying again in ${Math.round(wait)} ms`, { error });
      await edges.clock.sleep(wait, edges.signal);
    }
}

/** Who this node is and what it may hold: the metadata service, and EC2 only for a type newer than our table. */
export async function identify(
  edges: Edges,
  tell: (failure: HostError) => void,
  told: (outcome: Ec2Outcome) => void,
): Promise<Node> {
  const { settings, socket } = edges;
  const imds: Imds = createImds({ endpoint: settings.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined });
  const identity: InstanceIdentity = await persist(edges, 'reading the instance metadata', tell, () =>
    readIdentity(imds),
  );
  const ec2 = settings.ENABLE_IMDS_ONLY_MODE
    ? metadataOnlyEc2(imds, identity.instanceId)
    : connectEc2({ region: identity.region, ...ec2Access(settings), told, clock: edges.clock });
  const nodeEgress = new NodeEgress(
    await persist(edges, 'reading the IPv6 address of the node', tell, () => egressPlan(settings, identity, imds)),
  );
  const { instanceType } = identity;
  const limits =
    limitsOf(instanceType) ??
    (await persist(edges, 'reading the limits of the instance type', tell, () =>
      ec2.describeInstanceType({ instanceType }),
    ));
  const primary = await persist(edges, 'looking for the primary link', tell, async () => {
    const link = findLinkByMac(socket, identity.primaryMac);
    if (link !== undefined) return link;
    const seen = listLinks(socket).map(({ name, mac }) => `${name} ${mac ?? ''}`.trim());
    throw new HostError('LINK_MISSING', { mac: identity.primaryMac, seen: seen.join(', ') });
  });
  return {
    ...edges,
    imds,
    ec2,
    identity,
    primaryLink: primary.name,
    limits: poolLimits(settings, limits),
    targets: poolTargets(settings, limits),
    nodeEgress,
    get egress() {
      return nodeEgress.plan;
    },
  };
}
