import {
  backoffMs,
  connectEc2,
  createImds,
  type Ec2Outcome,
  type Imds,
  type InstanceIdentity,
  metadataOnlyEc2,
  pausedMs,
  readIdentity,
} from '../aws/index.ts';
import { ec2Access, type Settings } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { findLinkByMac, listLinks } from '../kernel/index.ts';
import type { PoolLimits, PoolTargets } from '../pool/index.ts';
import { type InstanceLimits, limitsOf, maxPods, podRoom, supportsPrefixes } from '../vpc/index.ts';
import { egressPlan } from './egress/plan.ts';
import type { Edges, Node } from './parts.ts';

// Beyond this a failing start is tried again at a steady pace: a node that boots before its network must not wait long.
const RETRY_CAP_MS = 5_000;

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
      const usual = Math.min(RETRY_CAP_MS, 200 + backoffMs({ attempt: failures, random: Math.random() }));
      const wait = Math.max(usual, pausedMs(error));
      tell(error);
      edges.logger.warn(`${what} failed, trying again in ${Math.round(wait)} ms`, { error });
      await edges.clock.sleep(wait, edges.signal);
    }
}

function poolLimits(settings: Settings, limits: InstanceLimits): PoolLimits {
  const most = settings.MAX_ENI >= 1 ? settings.MAX_ENI : Number.POSITIVE_INFINITY;
  const cards = settings.ENABLE_MULTI_NIC ? limits.cards : [limits.maxEnis];
  return {
    cards: cards.map((enis, card) => ({ card, maxEnis: Math.min(most, enis) })),
    slotsPerEni: limits.ipv4PerEni - 1,
    maxPods: settings.MAX_PODS > 0 ? settings.MAX_PODS : podsOf(settings, limits),
  };
}

/** Pods with an address of their own that the node has room for: as many as the kubelet should be told. */
function podsOf(settings: Settings, limits: InstanceLimits): number {
  const customNetworking = settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG;
  if (!settings.ENABLE_PREFIX_DELEGATION && !settings.ENABLE_IPv6) return maxPods(limits, { customNetworking });
  return podRoom({ limits, mode: settings.ENABLE_IPv6 ? 'ipv6' : 'prefix', customNetworking }).maxPods;
}

/** How pods get addresses. A type without prefixes falls back to single addresses, as upstream does. */
function poolTargets(settings: Settings, limits: InstanceLimits): PoolTargets {
  const prefixes = settings.ENABLE_PREFIX_DELEGATION && supportsPrefixes(limits);
  return {
    mode: settings.ENABLE_IPv6 ? 'ipv6' : prefixes ? 'prefix' : 'secondary',
    fallbackToAddresses: settings.ENABLE_PREFIX_FALLBACK,
    warmEni: settings.WARM_ENI_TARGET,
    warmIp: settings.WARM_IP_TARGET,
    minimumIp: settings.MINIMUM_IP_TARGET,
    warmPrefix: settings.WARM_PREFIX_TARGET,
  };
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
  const egress = await persist(edges, 'reading the IPv6 address of the node', tell, () =>
    egressPlan(settings, identity, imds),
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
    ...(egress === undefined ? {} : { egress }),
  };
}
