import type { Ipv4Cidr } from '../../addr/index.ts';
import { parseIp } from '../../addr/index.ts';
import type { Settings } from '../../config/index.ts';
import {
  branchWiring,
  egressFamilyOf,
  modeOfHostEnd,
  type ObservedNetwork,
  type PathHop,
  type PodIdentity,
  type PodNat,
  type PodPath,
  type PodPathInput,
  podNat,
  podPath,
  readBranchAlias,
  readPodAlias,
  vethPrefixOf,
} from '../../dataplane/index.ts';
import { HostError } from '../../errors/index.ts';
import type { Orphan, Owner } from '../../pool/index.ts';
import { namedBy, podName } from './address.ts';
import { eniWith, type Notes } from './memory.ts';

/** One interface of a pod on this node. */
export interface PodInterfaceFound {
  readonly pod: PodIdentity;
  readonly address: Orphan['address'];
  /** Nanoseconds since the epoch; `undefined` for one that only the kernel tells of. */
  readonly since: bigint | undefined;
  /** Where its address comes from. */
  readonly source: 'pool' | 'branch' | 'egress';
  /** How one that is not of the pool is wired. */
  readonly apart?: PodPathInput['apart'];
}

const identityOf = ({ podNamespace, podName: name, ...key }: Owner): PodIdentity => ({
  ...key,
  namespace: podNamespace,
  name,
});

/** What only the host ends of pods tell of: branch ENIs and egress. */
function foundInKernel(observed: ObservedNetwork): readonly PodInterfaceFound[] {
  return observed.links.flatMap((link): readonly PodInterfaceFound[] => {
    const pod = link.alias === undefined ? undefined : readPodAlias(link.alias);
    if (link.alias === undefined || pod === undefined) return [];
    const branch = readBranchAlias(link.alias);
    if (branch !== undefined) {
      const { name, mtu } = link;
      const place = { mode: modeOfHostEnd(name), vethPrefix: vethPrefixOf(name), hostName: name, trunk: '', mtu };
      const apart = branchWiring({ pod, branch, ...place });
      return [{ pod, address: branch.address, since: undefined, source: 'branch', apart }];
    }
    if (egressFamilyOf(pod.ifName) === undefined) return [];
    return observed.routes
      .filter((route) => route.link === link.name && route.gateway === undefined)
      .map((route) => ({
        ...{ pod, address: route.destination.address, since: undefined, source: 'egress' as const },
        apart: { hostRoute: route, hostRules: [] },
      }));
  });
}

/** Every pod interface on this node, from our notes and from the kernel. */
export function podInterfaces(
  notes: Pick<Notes, 'allocations'>,
  observed: ObservedNetwork,
): readonly PodInterfaceFound[] {
  const ofPool = notes.allocations.map(
    ({ address, owner, since }): PodInterfaceFound => ({ pod: identityOf(owner), address, since, source: 'pool' }),
  );
  return [...ofPool, ...foundInKernel(observed)];
}

const nameOf = ({ pod }: PodInterfaceFound): string =>
  podName({ ...pod, podNamespace: pod.namespace, podName: pod.name });

/**
 * The interfaces of one pod, newest sandbox first. `wanted`: `NAMESPACE/NAME`, a name that only one namespace has, or the id of
 * a sandbox or its beginning. Throws `POD_UNKNOWN` naming those that are here and the notes that cannot be read (`unread`), or
 * `POD_AMBIGUOUS`.
 */
export function findPod(wanted: string, all: readonly PodInterfaceFound[], unread = ''): readonly PodInterfaceFound[] {
  const exact = all.filter((each) => nameOf(each) === wanted);
  const byName = all.filter(({ pod }) => pod.name === wanted);
  const bySandbox = wanted.length < 6 ? [] : all.filter(({ pod }) => pod.containerId.startsWith(wanted));
  const found = [exact, byName, bySandbox].find((each) => each.length > 0) ?? [];
  // The interface for egress carries no names: it is known by the sandbox that it shares.
  const sandboxes = new Map(found.toReversed().map((each) => [each.pod.containerId, each]));
  const names = [...new Set([...sandboxes.values()].map(nameOf))].sort();
  if (names.length > 1) throw new HostError('POD_AMBIGUOUS', { pod: wanted, pods: names.join(', ') });
  if (found.length === 0) {
    const there = [...new Set(all.map(nameOf))].sort();
    const some = there.slice(0, 10).join(', ') + (there.length > 10 ? `, and ${there.length - 10} more` : '');
    throw new HostError('POD_UNKNOWN', { pod: wanted, pods: some, unread });
  }
  // Of one sandbox in the order of its interfaces, in which they were found.
  return all
    .filter(({ pod }) => sandboxes.has(pod.containerId))
    .toSorted((a, b) => Number((b.since ?? 0n) - (a.since ?? 0n)));
}

/** What the paths of pods are made from. */
export interface PathFacts {
  readonly notes: Notes;
  readonly observed: ObservedNetwork;
  readonly settings: Settings;
  /** The networks of the VPC, where the daemon or the metadata told; none otherwise. */
  readonly vpcCidrs: readonly Ipv4Cidr[];
}

/** What happens to the source address of a pod's packets that leave the VPC. */
function natOf(found: PodInterfaceFound, { settings, notes, vpcCidrs }: PathFacts): PodNat {
  const node = notes.enis.find(({ facts }) => facts.primary)?.attached?.primaryAddress;
  if (found.source === 'egress')
    return { kind: 'none', why: 'the rule for egress translates it to an address of the node' };
  if (found.source === 'branch' && settings.POD_SECURITY_GROUP_ENFORCING_MODE === 'strict')
    return { kind: 'none', why: 'a pod with security groups of its own in strict mode leaves by its own ENI' };
  if (node === undefined) return { kind: 'none', why: 'the address of the node is not known' };
  return podNat(found.address, {
    to: node,
    externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
    exempt: [...vpcCidrs, ...settings.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS],
    mark: settings.AWS_VPC_K8S_CNI_CONNMARK,
    by: 'the packet rules of vpc-cni',
  });
}

/** The path of one interface's packets over this host, with what is missing on it. Pure. */
export function pathOf(found: PodInterfaceFound, facts: PathFacts): PodPath {
  const { notes, observed, settings } = facts;
  const eni = eniWith(notes, found.address);
  const linkOf = (mac: string | undefined): string | undefined => observed.links.find((link) => link.mac === mac)?.name;
  const primary = notes.enis.find(({ facts: { primary: is } }) => is);
  const path = podPath({
    pod: found.pod,
    address: parseIp(found.address),
    eni: eni && {
      ...{ id: eni.facts.id, device: eni.facts.device, table: eni.facts.table },
      link: linkOf(eni.attached?.mac),
    },
    vethPrefix: settings.AWS_VPC_K8S_CNI_VETHPREFIX,
    primaryLink: linkOf(primary?.attached?.mac) ?? '?',
    nat: natOf(found, facts),
    observed,
    apart: found.apart,
  });
  // The link for egress carries no names: its sandbox has them.
  const { namespace: podNamespace, name, ...key } = found.pod;
  return { ...path, pod: podName(namedBy(notes, { ...key, podNamespace, podName: name })) };
}

/** Everything on a path that is missing, each once. */
export function missingOn({ legs }: PodPath): readonly PathHop[] {
  const missing = legs.flatMap(({ hops }) => hops.filter(({ state }) => state === 'missing'));
  return missing.filter((hop, at) => missing.findIndex(({ detail }) => detail === hop.detail) === at);
}
