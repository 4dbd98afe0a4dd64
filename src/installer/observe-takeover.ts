import { IP_FAMILIES, isIpv6Cidr } from '../addr/index.ts';
import type { Settings } from '../config/index.ts';
import {
  egressFamilyOf,
  hostVethName,
  type Link,
  type ObservedNetwork,
  PRIORITY,
  type Route,
  readPodAlias,
} from '../dataplane/index.ts';
import { type ObservedTakeover, PATHS, parseForeignConflist, parseTakeoverMark } from '../hostspec/index.ts';
import { type AwsNodeRules, findAwsNodeRules, observeNetwork, RouteSocket } from '../kernel/index.ts';
import type { Orphan } from '../pool/index.ts';
import { type AwsNodeBranch, findBranches, keptBranches } from './aws-node-branches.ts';
import { type AwsNodeEgress, findEgresses, reservedAddresses } from './aws-node-egress.ts';
import { readAwsNodeCheckpoint } from './aws-node-pods.ts';
import { keeperOf, observeDaemon } from './daemon.ts';
import { differingSettings } from './found-settings.ts';
import type { Host } from './host.ts';
import { sha256Text } from './observe.ts';
import { findOtherIpamd } from './other-ipamd.ts';
import { readOwnMemory } from './own-memory.ts';

/** What was seen, and what a takeover then works with. */
export interface TakeoverFacts {
  readonly observed: ObservedTakeover;
  /** aws-node's allocations, without those whose pod is gone. */
  readonly theirs: readonly Orphan[];
  /** Pods whose DEL came while no ipamd ran: their addresses are free. */
  readonly gone: readonly Orphan[];
  /** What our own daemon wrote down. */
  readonly ours: readonly Orphan[];
  /** Pods with branch ENIs, which no checkpoint has. */
  readonly branches: readonly AwsNodeBranch[];
  /** Pods that aws-node's egress-cni has given a second interface. */
  readonly egresses: readonly AwsNodeEgress[];
  readonly checkpointSha256: string;
  readonly rules: AwsNodeRules;
}

const isPodLink = ({ name, alias }: Link, prefix: string): boolean =>
  alias === undefined && name.startsWith(prefix) && /^[0-9a-f]{11}$/.test(name.slice(prefix.length));

/** Host ends of running pods whose address no checkpoint has: it would be handed out a second time. */
function unaccounted(network: ObservedNetwork, prefix: string, known: readonly string[]): readonly string[] {
  const addresses = new Set(known);
  const links = new Set(network.links.filter((link) => isPodLink(link, prefix)).map(({ name }) => name));
  return network.foreignRoutes
    .filter(({ link, destination }) => links.has(link) && !addresses.has(destination.address))
    .map(({ link, destination }) => `${link} carries ${destination.address}, which no checkpoint has`);
}

/** Reports whether a pod of a checkpoint is still there: by its link, or by a route to its address. */
function isWired(network: ObservedNetwork): (pod: Orphan) => boolean {
  const reached = new Set<string>(
    [...network.routes, ...network.foreignRoutes].map(({ destination }: Route) => destination.address),
  );
  return ({ owner, address }) => {
    const { podNamespace: namespace, podName: name } = owner;
    // Of a pod without names the link cannot be known: it is kept, as upstream keeps it.
    if (namespace === undefined || name === undefined || reached.has(address)) return true;
    const suffix = hostVethName('', { ...owner, namespace, name });
    return network.links.some((link) => link.name.endsWith(suffix));
  };
}

/** A pod has one such link, and perhaps a second one for egress. */
function isWiredByUs({ alias }: Link): boolean {
  const pod = alias === undefined ? undefined : readPodAlias(alias);
  return pod !== undefined && egressFamilyOf(pod.ifName) === undefined;
}

/** How many pods have their host end here, whoever wired them. */
export function countWiredPods(network: ObservedNetwork, prefix: string): number {
  return network.links.filter((link) => isPodLink(link, prefix) || isWiredByUs(link)).length;
}

/** The network of this host as it is now, of both families. */
export function observeHostNetwork(): ObservedNetwork {
  using socket = new RouteSocket();
  return observeNetwork(socket, IP_FAMILIES);
}

/** Looks at everything that decides whether and how this node is taken over. Throws `ADOPT_CHECKPOINT_BAD`. */
export async function observeTakeover(host: Host, settings: Settings): Promise<TakeoverFacts> {
  const { files } = host;
  const { text, survey, hasFurtherCards } = readAwsNodeCheckpoint(files);
  const network = observeHostNetwork();
  const conflist = parseForeignConflist(files.read(PATHS.conflist) ?? '');
  const prefix = conflist.vethPrefix ?? settings.AWS_VPC_K8S_CNI_VETHPREFIX;
  const rules = await findAwsNodeRules(host.exec);
  const daemon = await observeDaemon(host, keeperOf(host));
  const ours = readOwnMemory(files)?.memory.allocations ?? [];
  const mark = parseTakeoverMark(files.read(PATHS.takenOver) ?? '');
  const checkpointSha256 = text === undefined ? '' : sha256Text(text);
  // Written again since: aws-node has run after us, and knows what we do not.
  const isStale = daemon === 'absent' && mark !== undefined && mark.sha256 !== checkpointSha256;
  const wired = isWired(network);
  const theirs = survey.allocations.filter(wired);
  const branches = findBranches(network, keptBranches(files));
  const owners = [...survey.allocations, ...branches.found].map(({ owner }) => owner);
  const egresses = findEgresses(network, reservedAddresses(files), owners);
  const known = [...survey.allocations, ...ours, ...branches.found.map(({ branch }) => branch)];
  return {
    observed: {
      others: await findOtherIpamd(host),
      checkpoint: text === undefined ? 'absent' : 'present',
      unsupported: [
        ...survey.unsupported,
        ...branches.unsupported,
        ...(conflist.egress === 'ipv4' ? ['egress-cni gives pods of IPv6 an IPv4 address'] : []),
        ...egresses.unsupported,
        ...unaccounted(
          network,
          prefix,
          known.map(({ address }) => address),
        ),
      ],
      differences: differingSettings(
        {
          chains: rules.iptables.flatMap(({ facts, family }) => (family === 'ip' ? [facts] : [])),
          conflist,
          branches: branches.found.length,
          hasFurtherCards,
          externalServiceCidrs: network.foreignRules.flatMap(({ rule }) =>
            rule.priority === PRIORITY.externalService && rule.to !== undefined && !isIpv6Cidr(rule.to)
              ? [rule.to]
              : [],
          ),
        },
        settings,
      ),
      state: mark === undefined || isStale ? 'none' : mark.state,
      daemon,
      packetRules: rules.iptables.length > 0 || rules.nftTable ? 'present' : 'absent',
    },
    theirs,
    gone: survey.allocations.filter((pod) => !wired(pod)),
    // It may be from before aws-node ran once more, which has seen pods go since.
    ours: ours.filter(wired),
    branches: branches.found,
    egresses: egresses.found,
    checkpointSha256,
    rules,
  };
}
